import importlib
import pkgutil
import subprocess
import sys

import pytest
import torchvision

from texturekit.deep.backbones import BACKBONES, find_backbone
from texturekit.errors import UnknownNameError

every_backbone = pytest.mark.parametrize("name", list(BACKBONES))


def test_six_backbones_are_known():
    assert list(BACKBONES) == [
        "resnet18", "resnet50", "vgg11", "vgg16", "densenet121", "squeezenet1_1",
    ]  # fmt: skip


@every_backbone
def test_card_agrees_with_torchvision(name):
    card = BACKBONES[name]
    theirs = torchvision.models.get_model_weights(name)[card.weights]
    transforms = theirs.transforms()

    assert card.url == theirs.url
    assert card.megabytes == theirs.meta["_file_size"]
    assert card.top1 == theirs.meta["_metrics"]["ImageNet-1K"]["acc@1"]
    assert (card.smallest, card.smallest) == theirs.meta["min_size"]
    assert (list(card.mean), list(card.std)) == (transforms.mean, transforms.std)


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
