"""The recipes against the write-ups: numbers of published.json, else of design.md section 9."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from texturekit.data.card import TASKS, Card, load_card
from texturekit.data.listing import Manifest
from texturekit.data.splits import shared
from texturekit.deep.backbones import BACKBONES
from texturekit.deep.counting import count
from texturekit.deep.heads import with_head
from texturekit.deep.networks import build_body
from texturekit.deep.settings import AS_THEY_ARE, Head, Settings
from texturekit.deep.weights import Weights
from texturekit.errors import ParameterError, SplitError
from texturekit.methods.recipes import Training, read_augmentation, read_recipe

FIVE = ("breast", "brain", "cervix", "chest", "oct")


def recipe(task):
    return read_recipe(load_card(task))


@pytest.fixture(scope="module")
def published(reference):
    return json.loads((reference / "published.json").read_text(encoding="utf-8"))["seeds"]


def test_every_task_with_a_write_up_has_a_recipe_with_a_baseline():
    for task in FIVE:
        assert "majority/dummy" in recipe(task).methods


def test_breast_trains_as_the_write_up_says(published):
    hyper = published["003_breast_mri"]["hyper"]
    found = recipe("breast")
    how = found.settings

    assert found.methods[:3] == ("vgg16/finetune", "resnet18/finetune", "resnet50/finetune")
    assert (how.optimiser.upper(), how.momentum) == (hyper["optimizer"], hyper["momentum"])
    assert (how.weight_decay, how.learning_rate) == (hyper["weight_decay"], hyper["lr"])
    assert hyper["lr_schedule"] == "x0.1 every 10 epochs, floor 1e-5"
    assert (how.schedule, how.step_factor, how.step_epochs, how.lowest_rate) == (
        "step", 0.1, 10, 1e-5,
    )  # fmt: skip
    assert (how.batch, how.patience) == (
        hyper["batch_size"], hyper["early_stopping_patience"],
    )  # fmt: skip
    assert (how.keep, how.head_factor, how.warm_up) == ("best", 1, 0)
    assert hyper["input"] == f"{found.size}x{found.size}"


def test_breast_changes_pictures_as_the_write_up_says(published):
    said = published["003_breast_mri"]["hyper"]["augmentation"]
    changes = recipe("breast").settings.augmentation

    assert changes.flip == said["hflip"]
    assert changes.rotation == said["rotation_deg"]
    assert list(changes.scale) == said["random_resized_crop_scale"]
    for name, amount in said["color_jitter"].items():
        assert getattr(changes, name) == amount
    assert (changes.flip_vertical, changes.shift) == (0, 0)


def test_breast_measures_every_texture_of_the_write_up(published):
    families = {
        "pixel histogram": "first_order", "GLCM": "glcm", "HOG": "hog", "Sobel": "sobel",
        "LBP": "lbp", "mean-based LBP": "mean_lbp", "variance LBP": "variance_lbp",
        "median binary pattern": "mbp", "MVM-LBP": "mvm_lbp",
    }  # fmt: skip
    methods = recipe("breast").parsed()
    together = max(methods, key=lambda method: len(method.parts))

    for said in published["003_breast_mri"]["hyper"]["texture_features"]:
        name = next(families[key] for key in (said, said.split()[0]) if key in families)
        assert f"{name}/logistic" in map(str, methods)
        assert name in [part.name for part in together.parts]


def test_breast_drops_its_rate_to_the_floor(published):
    # 0.01, times 0.1 every 10 epochs, never below 1e-5: seed 003, "Learning Rate Scheduling"
    from texturekit.deep.optimising import rate

    how = recipe("breast").settings
    per_epoch = 639  # steps: 20,434 images by 32
    rates = [rate(how, how.learning_rate, e * per_epoch, per_epoch) for e in range(how.epochs)]

    assert rates == pytest.approx([1e-2] * 10 + [1e-3] * 10 + [1e-4] * 10 + [1e-5] * 20)


def test_the_head_of_vgg16_is_that_of_the_write_up(published):
    assert published["003_breast_mri"]["hyper"]["vgg_head"] == (
        "2 hidden x 4096, ReLU, dropout, 2 outputs"
    )
    head = recipe("breast").training.of("vgg16", random=False, seed=0).head
    with torch.device("meta"):
        card = BACKBONES["vgg16"]
        body = build_body(card, Weights("none", "random"))
        module = with_head(body, card, 2, head, (224, 224), seed=0)
    layers = [layer for name, layer in module.named_children() if name not in ("body", "flatten")]

    assert [type(layer).__name__ for layer in layers] == [
        "Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear",
    ]  # fmt: skip
    assert [m.out_features for m in layers if isinstance(m, torch.nn.Linear)] == [4096, 4096, 2]


def test_resnets_get_one_linear_layer_and_nothing_else():
    # seed 003, class CustomResNet18: avgpool, then fc
    for task in ("breast", "brain"):
        assert recipe(task).training.of("resnet18", random=True, seed=0).head == Head(dropout=0)


def test_brain_trains_as_the_write_up_says(published):
    said = published["001_brain_mri"]
    hyper, found = said["hyper"], recipe("brain")
    how = found.settings

    assert (how.batch, how.learning_rate, how.epochs, how.patience) == (
        hyper["batch_size"], hyper["lr"], hyper["epochs"], hyper["patience"],
    )  # fmt: skip
    assert (how.optimiser, how.schedule) == (hyper["optimizer"].lower(), "constant")
    assert (hyper["transfer_learning"], found.weights) == (False, "none")
    assert (hyper["augmentation"], how.augmentation) == (None, AS_THEY_ARE)
    assert hyper["input"] == f"{found.size}x{found.size}"
    tried = [name.lower().replace("-", "") for name in said["models_tried"]]
    assert [f"{name}/finetune" for name in tried] == list(found.methods[:3])


def test_the_shares_are_those_of_the_write_ups(published):
    for task, key in {"brain": "001_brain_mri", "cervix": "000_cervix"}.items():
        counts = _counts(published[key]["split"])
        shares = recipe(task).shares

        for part in ("train", "val", "test"):
            share = counts[part] / sum(counts.values())
            assert getattr(shares, part) == pytest.approx(share, abs=0.01)
    assert str(recipe("breast").shares) == "70/10/20"  # seed 003, "Dataset Split"
    assert str(recipe("oct").shares) == "90/10"  # seed 004, "Splitting the data"


def _counts(split):
    def total(part):
        value = split[part]
        return value["total"] if isinstance(value, dict) else value

    return {part: total(part) for part in ("train", "val", "test")}


def test_cervix_trains_as_the_write_up_says(published):
    hyper, found = published["000_cervix"]["hyper"], recipe("cervix")
    how, changes = found.settings, found.settings.augmentation

    assert (how.optimiser, how.learning_rate) == (hyper["optimizer"].lower(), hyper["lr"])
    assert (how.batch, how.epochs) == (hyper["batch_size"], hyper["epochs"])
    assert hyper["input"] == f"{found.size}x{found.size} RGB"
    assert (found.methods[0], found.weights) == ("densenet121/finetune", "pretrained")
    assert min(changes.rotation, changes.brightness, changes.contrast) > 0
    assert (changes.flip, changes.saturation, changes.hue) == (0, 0, 0)
    assert any("rotation" in text for text in found.chosen)  # the amounts are ours


def test_oct_trains_131076_numbers(published):
    found = recipe("oct")
    how = found.training.of("resnet50", random=False, seed=0)
    counts = count("resnet50", 4, how, (found.size, found.size))

    assert counts.trainable_parameters == published["004_oct"]["params"]["trainable"] == 131_076
    assert counts.head == ((2048 * 4 * 4, 4),)
    assert (found.size, how.frozen, found.weights) == (100, True, "pretrained")


def test_chest_trains_nothing():
    found = recipe("chest")

    assert found.methods == ("densenet121-res224-mimic_nb/head", "majority/dummy")
    assert (found.size, found.shares) == (224, None)


@pytest.mark.parametrize("task", FIVE)
def test_what_a_write_up_leaves_open_is_said(task):
    assert recipe(task).chosen
    assert recipe(task).differs


def test_a_chest_is_never_mirrored():
    changes = read_augmentation(load_card("chest"))

    assert (changes.flip, changes.flip_vertical) == (0, 0)


@pytest.mark.parametrize("task", [task for task in TASKS if load_card(task).channels == 1])
def test_grey_tasks_change_no_colours(task):
    changes = read_augmentation(load_card(task))

    assert (changes.saturation, changes.hue) == (0, 0)


def own(**fields):
    return Card(name="mine", title="Mine", kind="binary", classes=("a", "b"), **fields)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"settings": {"batchs": 8}}, r"card mine: .*settings\.batchs\. Did you mean 'batch'"),
        ({"settings": {"augmentation": {"flop": 1}}}, r"settings\.augmentation\.flop.*'flip'"),
        ({"settings": {"batch": 1}}, r"recipe\.settings\.batch: .*2 \(got 1\)"),
        ({"heads": {"resnet18": {"poolin": 1}}}, r"recipe\.heads\.resnet18\.poolin.*'pooling'"),
        ({"heads": {"resnet19": {}}}, r"recipe: heads: .*'resnet19'.*'resnet18'"),
        ({"shares": {"train": 0.8, "val": 0.1, "test": 0.2}}, r"recipe\.shares: .*add up to 1\.1"),
        ({"methods": ["glmc/svm"]}, r"recipe\.methods: .*Did you mean 'glcm'"),
        ({"source": 3}, r"recipe\.source: .*string"),
    ],
)  # fmt: skip
def test_a_faulty_recipe_is_refused_with_card_and_field(content, words):
    whole = {"source": "me", "methods": ["resnet18/finetune"], **content}

    with pytest.raises(ParameterError, match=words):
        read_recipe(own(recipe=whole))


def test_a_recipe_without_methods_names_the_missing_field():
    with pytest.raises(ParameterError, match=r"card mine: the field recipe\.methods is missing"):
        read_recipe(own(recipe={"source": "me"}))


def test_faulty_augmentation_is_refused_with_card_and_field():
    with pytest.raises(ParameterError, match=r"card mine: augmentation\.rotation: .*\(got 200\)"):
        read_augmentation(own(augmentation={"rotation": 200}))


def test_a_task_without_a_recipe_says_which_have_one():
    with pytest.raises(ParameterError, match=r"textures has no recipe.*breast, brain, cervix"):
        recipe("textures")


def test_without_a_recipe_networks_train_as_before():
    usual = Training(augmentation=read_augmentation(load_card("chest")))

    assert usual.of("resnet18", random=False, seed=3) == Settings(
        epochs=5, seed=3, augmentation=read_augmentation(load_card("chest"))
    )
    assert usual.of("resnet18", random=True, seed=3).epochs == 12


def manifest(groups, labels):
    frame = pd.DataFrame({"id": [str(i) for i in range(len(labels))], "group": groups})
    frame["path"] = frame["id"]
    return Manifest(frame, np.array(labels), ("a", "b"), "binary", None, "here")


@pytest.mark.parametrize("seed", range(5))
def test_shares_never_cut_a_patient(rng, seed):
    groups = [f"p{i}" for i in rng.integers(0, 60, 200)]
    data = manifest(groups, [int(g[1:]) % 2 for g in groups])

    (fold,) = shared(data, (0.8, 0.1, 0.1), seed=seed)

    parts = [set(np.array(groups)[rows]) for rows in (fold.train, fold.val, fold.test)]
    assert sum(map(len, parts)) == len(set(groups))
    assert len(fold.train) + len(fold.val) + len(fold.test) == 200
    assert [len(fold.train), len(fold.val), len(fold.test)] == pytest.approx([160, 20, 20], abs=8)


def test_shares_want_two_patients_a_class():
    with pytest.raises(SplitError, match="'b'"):
        shared(manifest(["p", "q", "r"], [0, 0, 1]), (0.8, 0.1, 0.1))


def test_repeats_of_shares_are_drawn_anew(rng):
    groups = [f"p{i}" for i in range(40)]
    first, second = shared(manifest(groups, [0, 1] * 20), (0.5, 0.2, 0.3), repeats=2)

    assert set(first.test) != set(second.test)
