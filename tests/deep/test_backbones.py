import importlib
import json
import pkgutil
import subprocess
import sys

import numpy as np
import pytest
import torchvision

from texturekit.deep.backbones import BACKBONES, find_backbone
from texturekit.errors import UnknownNameError

TORCHVISION = [name for name, card in BACKBONES.items() if card.source == "torchvision"]
XRAY = [name for name, card in BACKBONES.items() if card.source == "torchxrayvision"]


def test_ten_nets_of_torchvision_and_seven_of_torchxrayvision_are_known():
    assert TORCHVISION == [
        "resnet18", "resnet50", "vgg11", "vgg16", "densenet121", "squeezenet1_1",
        "mobilenet_v3_small", "efficientnet_b0", "convnext_tiny", "vit_b_16",
    ]  # fmt: skip
    assert [name.removeprefix("densenet121-res224-") for name in XRAY] == [
        "all", "mimic_nb", "mimic_ch", "nih", "chex", "pc", "rsna",
    ]  # fmt: skip


@pytest.mark.parametrize("name", TORCHVISION)
def test_card_agrees_with_torchvision(name):
    card = BACKBONES[name]
    theirs = torchvision.models.get_model_weights(name)[card.weights]
    transforms = theirs.transforms()
    smallest = theirs.meta["min_size"][0]

    assert card.url == theirs.url
    assert card.megabytes == theirs.meta["_file_size"]
    assert card.top1 == theirs.meta["_metrics"]["ImageNet-1K"]["acc@1"]
    assert card.smallest == (16 if name == "vit_b_16" else smallest)  # its positions are resized
    assert [card.size] == transforms.crop_size
    assert (list(card.mean), list(card.std)) == (transforms.mean, transforms.std)


@pytest.mark.parametrize("name", XRAY)
def test_card_agrees_with_torchxrayvision(name):
    models = pytest.importorskip("torchxrayvision.models")
    card, theirs = BACKBONES[name], models.model_urls[name]
    labels = [output.label if output.trained else "" for output in card.outputs]
    points = [output.threshold for output in card.outputs]

    assert card.url == theirs["weights_url"]
    assert [output.label for output in card.outputs] == models.DenseNet.targets
    assert labels == theirs["labels"]
    assert points == [None if np.isnan(point) else point for point in theirs["op_threshs"]]
    assert card.size == theirs["input_resolution"]
    assert card.sha256_prefix is None  # nobody published one


# torchxrayvision.utils.normalize: (2 * value / highest - 1) * 1024
@pytest.mark.parametrize(("share", "seen"), [(0, -1024), (0.5, 0), (1, 1024)])
def test_xray_nets_see_minus_1024_to_1024(share, seen):
    card = BACKBONES["densenet121-res224-all"]

    assert (share - card.mean[0]) / card.std[0] == seen


def test_cards_agree_with_the_reference(reference):
    known = json.loads((reference / "datasets.json").read_text())["weights"]
    anchors = json.loads((reference / "anchors.json").read_text())["torchxrayvision"]
    card = BACKBONES["densenet121-res224-mimic_nb"]
    (mimic,) = (one for one in known if one["weights"] == card.name)
    untrained = [i for i, output in enumerate(card.outputs) if not output.trained]

    for one in known:
        if one["weights"] == "IMAGENET1K_V1":
            assert BACKBONES[one["model"]].url == one["url"]
            assert BACKBONES[one["model"]].sha256_prefix == one["sha256_prefix"]
    assert (card.url, card.sha256_prefix) == (mimic["url"], mimic["sha256"])
    assert [output.threshold for output in card.outputs] == mimic["op_threshs"]
    assert untrained == mimic["untrained_output_indices"]
    assert set(anchors["mimic_nb_digitised"]["train_on_MIMIC_NB"]) == set(card.trained)
    assert set(anchors[XRAY[0]]["RSNA"]) == set(BACKBONES[XRAY[-1]].trained)


# file names that torchvision 0.29's weight enumerations give
@pytest.mark.parametrize(
    ("name", "prefix"),
    [("resnet18", "f37072fd"), ("vgg16", "397923af"), ("densenet121", "a639ec97")],
)
def test_checksum_stands_in_the_file_name(name, prefix):
    assert BACKBONES[name].sha256_prefix == prefix


def test_columns_carry_the_name_and_four_digits():
    columns = BACKBONES["resnet50"].columns

    assert (len(columns), columns[0], columns[-1]) == (2048, "resnet50.0000", "resnet50.2047")


def test_misspelt_backbone_gets_a_suggestion():
    with pytest.raises(UnknownNameError, match="Did you mean 'resnet18'"):
        find_backbone("resnet81")


def test_cards_and_weights_need_no_torch():
    code = (
        "import sys, texturekit.deep, texturekit.deep.backbones, texturekit.deep.weights as w\n"
        "w.resolve_weights('resnet18', 'none')\n"
        "assert not {'torch', 'torchvision', 'pooch', 'numpy'} & set(sys.modules), sys.modules"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_public_names_are_callable_after_every_module_was_imported():
    import texturekit.deep as deep

    for module in pkgutil.iter_modules(deep.__path__, "texturekit.deep."):
        importlib.import_module(module.name)

    assert all(callable(getattr(deep, name)) for name in deep.__all__ if name != "BACKBONES")
    assert set(deep.__all__) <= set(dir(deep))


def test_unknown_attribute_is_an_attribute_error():
    import texturekit.deep

    with pytest.raises(AttributeError, match="no attribute 'embedd'"):
        _ = texturekit.deep.embedd
