import hashlib

import numpy as np
import pandas as pd
import pytest

from texturekit.data.card import Card, load_card
from texturekit.data.synthetic import sample
from texturekit.data.tiles import texture_tiles
from texturekit.errors import OutputError, ParameterError
from texturekit.images import image_facts, read_image

DRAWN = ["breast", "brain", "cervix", "chest", "oct"]
# sha256 over the names and bytes of the sample of breast, seed 0, as drawn on Linux, NumPy 2.
BREAST = "0087ebff49ba3c1699b9f2129f88ecf563d292eb24dfd747a207fb45afb92287"


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    root = tmp_path_factory.mktemp("samples")
    return {name: sample(load_card(name), root=root) for name in DRAWN}


def fingerprint(folder):
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def texture(image):
    """Contrast at four distances, spottiness and streaks of a grey image: numpy only."""
    grey = image.astype(float) if image.ndim == 2 else image.mean(axis=2)
    grey = (grey - grey.mean()) / grey.std()
    across = [np.abs(grey[:, d:] - grey[:, :-d]).mean() for d in (1, 2, 4, 8)]
    down = [np.abs(grey[d:] - grey[:-d]).mean() for d in (1, 2, 4, 8)]
    both = np.log(np.array([across, down]))
    moments = [(grey**3).mean(), (grey**4).mean(), (grey > 2).mean()]
    return [*both.mean(axis=0), *np.abs(both[0] - both[1]), *moments]


def measured(folder, values):
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    frame = pd.read_csv(folder / "manifest.csv")
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    if "label" in frame:
        targets = [frame["label"] == name for name in sorted(frame["label"].unique())]
        targets = targets[1:] if len(targets) == 2 else targets
    else:
        targets = [frame[name] for name in frame.columns[1:-1]]
    areas = []
    for target in targets:
        known = target.notna().to_numpy()
        y, groups = target[known].astype(int), frame["group"][known]
        folds = GroupKFold(5, shuffle=True, random_state=0)
        scores = cross_val_predict(
            model, values[known], y, groups=groups, cv=folds, method="decision_function"
        )
        areas.append(roc_auc_score(y, scores))
    return float(np.mean(areas))


def of_images(folder, measure):
    paths = pd.read_csv(folder / "manifest.csv")["path"]
    return np.array([measure(read_image(folder / path)) for path in paths])


@pytest.mark.parametrize("name", DRAWN)
def test_texture_tells_the_classes_apart_but_not_perfectly(name, samples):
    area = measured(samples[name], of_images(samples[name], texture))

    assert 0.75 < area < 0.97


@pytest.mark.parametrize("name", DRAWN)
def test_brightness_and_contrast_say_nothing(name, samples):
    levels = of_images(samples[name], lambda image: [image.mean(), image.std()])

    assert 0.38 < measured(samples[name], levels) < 0.62


@pytest.mark.parametrize("name", DRAWN)
def test_every_file_has_the_same_size_mode_and_bytes(name, samples):
    facts = {image_facts(path) for path in (samples[name] / "images").iterdir()}

    assert len(facts) == 1


@pytest.mark.parametrize("name", DRAWN)
def test_patients_have_several_images_and_one_diagnosis(name, samples):
    frame = pd.read_csv(samples[name] / "manifest.csv", dtype=str)
    labels = [column for column in frame if column not in ("path", "group")]
    sizes = frame.groupby("group").size()

    assert set(sizes) == {2, 3, 4}
    assert (frame.groupby("group")[labels].nunique() <= 1).all(axis=None)
    assert frame["path"].is_unique


def test_neither_the_number_of_a_patient_s_images_nor_their_order_tells_the_class(samples):
    from sklearn.metrics import roc_auc_score

    frame = pd.read_csv(samples["breast"] / "manifest.csv")
    patients = frame.groupby("group")["label"].agg(["first", "size"])
    ill = patients["first"] == "malignant"

    assert 0.35 < roc_auc_score(ill, patients["size"]) < 0.65
    assert 0.35 < roc_auc_score(ill, np.arange(len(patients))) < 0.65


def test_every_finding_of_the_chest_has_patients_enough_and_some_are_unknown(samples):
    frame = pd.read_csv(samples["chest"] / "manifest.csv")
    labels = frame.columns[1:-1]

    assert tuple(labels) == load_card("chest").classes
    for name in labels:
        assert frame.loc[frame[name] == 1, "group"].nunique() >= 15
        assert frame.loc[frame[name] == 0, "group"].nunique() >= 15
    assert 0 < frame[labels].isna().sum().sum() < 200


def test_equal_seeds_give_equal_bytes_on_every_platform(samples):
    assert fingerprint(samples["breast"]) == BREAST


def test_another_seed_or_card_gives_other_images(tmp_path, samples):
    other = sample(load_card("breast"), seed=1, root=tmp_path)

    assert fingerprint(other) != fingerprint(samples["breast"])
    first = [read_image(folder / "images" / "p001_1.bmp") for folder in (other, samples["breast"])]
    assert (first[0] != first[1]).mean() > 0.9


def test_colour_follows_the_card(samples):
    assert read_image(samples["cervix"] / "images" / "p001_1.bmp").shape == (96, 96, 3)
    assert read_image(samples["oct"] / "images" / "p001_1.bmp").shape == (96, 96)


def test_an_own_card_of_many_classes_is_drawn_too(tmp_path):
    names = tuple(f"grade {i}" for i in range(11))
    card = Card(name="grades", title="Grades", kind="multiclass", classes=names)

    frame = pd.read_csv(sample(card, root=tmp_path) / "manifest.csv")

    assert set(frame["label"]) == set(names)


def test_a_complete_sample_is_used_again_and_a_damaged_one_drawn_anew(tmp_path):
    card = load_card("breast")
    folder = sample(card, root=tmp_path)
    before = (folder / "manifest.csv").stat().st_mtime_ns

    assert sample(card, root=tmp_path) == folder
    assert (folder / "manifest.csv").stat().st_mtime_ns == before
    (folder / "images" / "p001_1.bmp").write_bytes(b"BM")
    (folder / "images" / "p002_1.bmp").unlink()
    sample(card, root=tmp_path)
    assert fingerprint(folder) == BREAST
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_failed_drawing_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("texturekit.data.synthetic.write_manifest", full)

    with pytest.raises(OutputError, match=r"cannot write .*breast.*No space left"):
        sample(load_card("breast"), root=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_negative_seed_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="seed=-1"):
        sample(load_card("breast"), seed=-1, root=tmp_path)


def test_tiles_are_the_photographs_cut_up_in_blocks(tmp_path):
    folder = texture_tiles(tmp_path)
    frame = pd.read_csv(folder / "manifest.csv", dtype=str)

    assert frame["label"].value_counts().to_dict() == {"brick": 64, "grass": 64, "gravel": 64}
    assert set(frame.groupby("group").size()) == {4}
    assert frame.groupby("group")["label"].nunique().max() == 1
    assert len({image_facts(path) for path in (folder / "images").iterdir()}) == 1
    assert texture_tiles(tmp_path) == folder


def test_tiles_put_together_again_are_the_photograph(tmp_path, real_data):
    folder = texture_tiles(tmp_path) / "images"
    rows = [
        np.hstack([read_image(folder / f"brick_{r}{c}.bmp") for c in range(8)]) for r in range(8)
    ]
    (whole,) = (real_data / "texture_skimage").rglob("brick.png")

    assert (np.vstack(rows) == read_image(whole)).all()
