import pytest

from texturekit.errors import UnknownNameError
from texturekit.registry import Registry


@pytest.fixture
def nets():
    registry = Registry("backbone")
    registry.add("vgg16", 16)
    registry.add("resnet18", 18)
    return registry


def test_is_a_mapping_in_the_order_added(nets):
    assert dict(nets) == {"vgg16": 16, "resnet18": 18}
    assert list(nets) == ["vgg16", "resnet18"]
    assert len(nets) == 2
    assert "resnet18" in nets


def test_suggests_the_closest_name(nets):
    with pytest.raises(UnknownNameError, match=r"no backbone called 'vgg61'. Did you mean 'vgg16'"):
        nets["vgg61"]


def test_suggests_nothing_when_nothing_is_close(nets):
    with pytest.raises(UnknownNameError) as caught:
        nets["lbp"]

    assert str(caught.value) == "There is no backbone called 'lbp'. Known: vgg16, resnet18."


def test_anything_may_be_asked_for(nets):
    assert 3 not in nets
    assert None not in nets


def test_refuses_a_name_twice(nets):
    with pytest.raises(ValueError, match="backbone 'vgg16' is registered already"):
        nets.add("vgg16", 3)
    assert nets["vgg16"] == 16


def test_get_gives_the_default_for_a_name_that_is_not_there(nets):
    assert nets.get("vgg16") == 16
    assert nets.get("lbp", 0) == 0
