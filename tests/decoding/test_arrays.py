import numpy as np
import pytest
from numpy.testing import assert_array_equal

from texturekit.errors import ImageError
from texturekit.images import image_facts, read_image, read_mask


def saved(path, values):
    np.save(path, values)
    return path


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "<i2", ">i4", "f4", ">f8"])
@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_comes_back_in_native_order(dtype, shape, order, tmp_path, rng):
    values = np.asarray(rng.integers(0, 100, shape).astype(dtype), order=order)

    image = read_image(saved(tmp_path / "a.npy", values))

    assert image.dtype == np.dtype(dtype).newbyteorder("=")
    assert_array_equal(image, values)


@pytest.mark.parametrize("shape", [(3, 4, 5), (6, 4, 5, 3)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_frames_are_never_channels(shape, order, tmp_path, rng):
    values = np.asarray(rng.integers(0, 255, shape, np.uint8), order=order)
    path = saved(tmp_path / "a.npy", values)

    with pytest.raises(ImageError, match=f"has {shape[0]} frames; say which"):
        read_image(path)
    for index in range(shape[0]):
        assert_array_equal(read_image(path, frames=index), values[index])


def test_bools_are_masks_and_black_and_white(tmp_path):
    values = np.array([[True, False, True]])
    path = saved(tmp_path / "a.npy", values)

    assert_array_equal(read_image(path), [[255, 0, 255]])
    assert_array_equal(read_mask(path), values)
    assert_array_equal(read_mask(path, label=1), values)


def test_half_floats_become_single(tmp_path):
    image = read_image(saved(tmp_path / "a.npy", np.array([[0.5, 1.25]], np.float16)))

    assert image.dtype == np.float32
    assert_array_equal(image, [[0.5, 1.25]])


def test_facts(tmp_path):
    facts = image_facts(saved(tmp_path / "a.npy", np.zeros((4, 6, 3), np.uint8)))

    assert (facts.width, facts.height, facts.mode, facts.bit_depth) == (6, 4, "RGB", 8)
    assert facts.format == "NUMPY"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.array([[object()]]), "Python objects.*could run code"),
        (np.zeros((3, 4), complex), "holds complex128"),
        (np.zeros((3, 4), "M8[s]"), "holds datetime64"),
        (np.array([["a"]]), "holds <U1"),
        (np.zeros((3, 4), [("a", int)]), "holds .*'a'"),
        (np.zeros(5), r"shape \(5,\)"),
        (np.zeros((3, 4, 4)), r"shape \(3, 4, 4\)"),
        (np.zeros((2, 3, 4, 2)), r"shape \(2, 3, 4, 2\)"),
        (np.zeros((0, 4)), r"shape \(0, 4\)"),
        (np.array([[1, np.nan]]), "1 of 2 pixels are not finite"),
    ],
)
def test_what_is_no_picture_is_refused(values, reason, tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, values, allow_pickle=True)

    with pytest.raises(ImageError, match=rf"a\.npy'.*{reason}"):
        read_image(path)


def test_truncated_and_huge_files_are_refused(tmp_path):
    whole = saved(tmp_path / "a.npy", np.zeros((50, 40))).read_bytes()
    cases = {
        whole[:-1]: "truncated",
        whole[:60]: "damaged|truncated",
        whole.replace(b"(50, 40)", b"(9**9, 1)"): "damaged",
        whole.replace(b"(50, 40), ", b"(50000, 40000), "): "too many pixels",
    }
    for content, reason in cases.items():
        (tmp_path / "b.npy").write_bytes(content)
        with pytest.raises(ImageError, match=rf"b\.npy'.*({reason})"):
            read_image(tmp_path / "b.npy")
