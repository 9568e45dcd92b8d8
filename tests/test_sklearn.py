import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.measuring import columns, measure
from texturekit.sklearn import TextureFeatures


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (6, 24, 20), dtype=np.uint8)


def test_rows_are_the_measurements_of_the_images(images):
    rows = TextureFeatures("sobel+hog").fit_transform(images)

    assert rows.dtype == np.float64
    assert_array_equal(rows, [list(measure(image, "sobel+hog").values()) for image in images])


def test_names_are_those_of_the_columns(images):
    texture = TextureFeatures("sobel").fit(images)

    assert texture.get_feature_names_out().tolist() == list(columns("sobel"))


def test_takes_colour_lists_of_any_size_and_files(images, tmp_path, rng):
    path = tmp_path / "one.png"
    Image.fromarray(images[0]).save(path)
    colour = rng.integers(0, 256, (9, 30, 3), dtype=np.uint8)
    texture = TextureFeatures("sobel")

    rows = texture.transform([path, str(path), images[0], colour])

    assert_array_equal(rows[0], rows[2])
    assert_array_equal(rows[1], rows[2])
    assert_array_equal(rows[3], texture.transform(colour[None])[0])


def test_the_number_of_threads_makes_no_difference(images):
    one, two = (TextureFeatures("sobel", jobs=jobs).transform(images) for jobs in (1, 2))

    assert_array_equal(one, two)


def test_clones_and_writes_itself_like_an_estimator():
    texture = clone(TextureFeatures("hog", jobs=2))

    assert texture.get_params() == {"features": "hog", "jobs": 2}
    assert repr(texture) == "TextureFeatures(features='hog', jobs=2)"


def test_can_give_a_frame(images):
    frame = TextureFeatures("sobel").set_output(transform="pandas").fit_transform(list(images))

    assert list(frame.columns) == list(columns("sobel"))
    assert len(frame) == 6


def test_works_inside_a_pipeline(images):
    noisy = np.concatenate([images, images[:, ::-1] // 64])
    labels = np.repeat([0, 1], 6)
    model = make_pipeline(TextureFeatures("sobel"), StandardScaler(), LogisticRegression())

    assert_allclose(cross_val_score(model, noisy, labels, cv=2), 1)
    assert model.fit(noisy, labels)[:-1].get_feature_names_out()[0] == "sobel.mean"


def test_no_image_gives_no_row():
    assert TextureFeatures("sobel").transform([]).shape == (0, 26)


def test_says_which_image_cannot_be_measured(images):
    with pytest.raises(ImageError, match="image 1: sobel: image is 2x2 pixels"):
        TextureFeatures("sobel").transform([images[0], images[0][:2, :2]])


def test_refuses_one_image_and_one_path(images):
    with pytest.raises(ImageError, match=r"shape \(24, 20\)"):
        TextureFeatures("sobel").transform(images[0])
    with pytest.raises(ImageError, match=r"'one.png' is one path"):
        TextureFeatures("sobel").transform("one.png")


def test_refuses_a_wrong_name_when_fitted(images):
    with pytest.raises(UnknownNameError, match="Did you mean 'sobel'"):
        TextureFeatures("sobol").fit(images)


@pytest.mark.parametrize("jobs", [0, "many"])
def test_refuses_no_threads(jobs, images):
    with pytest.raises(ParameterError, match="jobs="):
        TextureFeatures("sobel", jobs=jobs).fit(images)
