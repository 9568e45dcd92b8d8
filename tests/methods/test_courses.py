"""What a network is trained on, by which settings."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import texturekit as tk
from tests.imagesets import scenes, two_classes
from texturekit.data.choices import limited
from texturekit.deep.settings import AS_THEY_ARE, Settings
from texturekit.errors import LeakageError
from texturekit.methods.courses import described, plan_course
from texturekit.methods.model import Preprocessing
from texturekit.methods.planning import Options

NET = "squeezenet1_1/finetune"
SMALL = {"positive": "rough", "preprocessing": Preprocessing(32, weights="none"), "device": "cpu"}
ONE = Settings(epochs=1, augmentation=AS_THEY_ARE)


@pytest.fixture
def path(tmp_path):
    return two_classes(tmp_path, patients=4)


def marked(path, **splits):
    frame = pd.read_csv(path)
    frame["split"] = [splits.get(group[:3], "train") for group in frame["group"]]
    frame.to_csv(path, index=False)
    return tk.read_manifest(path)


def test_settings_reach_the_network_but_for_the_seed(path):
    how = Settings(epochs=1, optimiser="sgd", learning_rate=0.02, batch=5, seed=9)

    model = tk.fit(NET, tk.read_manifest(path), settings=how, seed=4, **SMALL)

    used = model.learner.network.facts.settings
    assert (used.optimiser, used.learning_rate, used.batch, used.seed) == ("sgd", 0.02, 5, 4)


def test_images_marked_val_decide_when_to_stop(path):
    data = marked(path, p01="val")

    model = tk.fit(NET, data, settings=ONE, **SMALL)

    np.testing.assert_array_equal(model.learner.held_out, np.flatnonzero(data.splits == "val"))


def test_nothing_is_held_out_where_nothing_hangs_on_it(path):
    how = ONE.model_copy(update={"patience": None, "keep": "last"})

    model = tk.fit(NET, tk.read_manifest(path), settings=how, **SMALL)

    assert len(model.learner.held_out) == 0
    assert model.learner.network.history[0]["val_loss"] is None


def test_a_course_leaves_test_images_out_and_says_so(path):
    data = marked(path, p01="val", p02="test")

    course = plan_course(None, data, Options(positive="rough", size=32), method=NET)

    groups = set(course.manifest.frame["group"])
    assert not any(group.startswith("p02") for group in groups)
    assert {name: len(rows) for name, rows in course.parts.items()} == {
        name: int((data.splits == name).sum()) for name in ("train", "val", "test")
    }
    assert any("test images were left out" in note for note in course.notes)


def test_a_dry_run_divides_as_the_real_one_does(path):
    options = Options(positive="rough", size=32, weights="none", epochs=1, device="cpu")

    planned = plan_course(None, path, options, method=NET, look=False)
    real = plan_course(None, path, options, method=NET)

    assert described(planned) == described(real)


def test_a_limit_leaves_two_patients_in_each_class_if_it_can():
    data = tk.load_task("cervix")  # four classes, patients of two to four images
    few = limited(data, 16)

    patients = few.frame.groupby(few.labels)["group"].nunique()
    assert len(few) <= 16
    assert patients.tolist() == [2, 2, 2, 2]


def copied(root, count=24):
    """Write pictures that are nothing like each other, and a byte-for-byte copy of each."""
    names = [f"{k:02d}.png" for k in range(count)]
    scenes(root, names)
    for name in names:
        shutil.copy(root / name, root / f"copy{name}")
    rows = [
        {"path": start + name, "label": ("fine", "rough")[k % 2], "group": f"p{k:02d}{start}"}
        for k, name in enumerate(names)
        for start in ("", "copy")
    ]
    pd.DataFrame(rows).to_csv(root / "data.csv", index=False)
    return root / "data.csv"


def sides(course):
    paths = np.array(course.job.manifest.paths)
    return [{p.removeprefix("copy") for p in paths[rows]} for rows in course.parts.values()]


@pytest.mark.parametrize("group", ["group", None])
def test_copies_of_an_image_are_not_learnt_from_and_stopped_by(tmp_path, group):
    options = Options(positive="rough", size=32, weights="none", device="cpu", group=group)

    train, val, _ = sides(plan_course(None, copied(tmp_path), options, method=NET))

    assert val
    assert not train & val


def named(tmp_path, column):
    path = copied(tmp_path)
    frame = pd.read_csv(path)
    copies = frame["path"].str.startswith("copy")
    frame.loc[copies, "group"] = frame.loc[~copies, "group"].to_numpy()
    frame["split"] = np.where(copies, "val", "train")
    frame[["path", "label", "split", *column]].to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("column", "what"), [(["group"], "24 groups in both"), ([], "24 pairs of exact copies")]
)
def test_named_validation_images_that_leak_are_refused_unless_allowed(tmp_path, column, what):
    path = named(tmp_path, column)
    options = Options(positive="rough", size=32, weights="none", device="cpu")

    with pytest.raises(LeakageError, match=what):
        plan_course(None, path, options, method=NET)
    course = plan_course(None, path, replace(options, allow_leakage=True), method=NET)

    assert any(note.startswith("Leakage: ") and "24" in note for note in course.notes)


def test_patients_in_training_and_test_that_were_allowed_are_noted(path):
    data = marked(path, p01="test")
    data.frame.loc[data.frame.index[0], "split"] = "test"  # its patient's other image is learnt
    options = Options(positive="rough", size=32, weights="none", allow_leakage=True, device="cpu")

    course = plan_course(None, data, options, method=NET)

    assert "Leakage: 1 of 8 groups stand in training and test; allowed, as asked." in course.notes


def test_validation_images_that_a_table_does_without_may_leak(tmp_path):
    path = named(tmp_path, ["group"])
    options = Options(positive="rough", size=32)

    course = plan_course(None, path, options, method="glcm/logistic")

    assert [len(rows) for rows in course.parts.values()] == [24, 0, 0]
    assert not any("Leakage" in note for note in course.notes)
