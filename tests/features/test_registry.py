import numpy as np
import pytest

from texturekit.errors import ParameterError, UnknownNameError
from texturekit.features import registry
from texturekit.features.registry import Feature, Measured
from texturekit.registry import Registry


def brightness(image, *, mask=None, scale=1):
    """Measure the mean.

    Nothing else.
    """
    return Measured.of({f"brightness.mean.x{scale}": float(image.mean()) * scale})


@pytest.fixture
def features(monkeypatch):
    known = Registry("feature")
    monkeypatch.setattr(registry, "FEATURES", known)
    return known


def test_a_function_is_registered_under_its_name(features):
    named = registry.feature(brightness)

    assert features["brightness"] == Feature("brightness", brightness)
    assert named(np.full((2, 2), 3.0), scale=2) == {"brightness.mean.x2": 6.0}
    assert named.__doc__ == brightness.__doc__


def test_refuses_a_function_without_documentation(features):
    def silent(image, *, mask=None):
        return {}

    with pytest.raises(ParameterError, match="feature silent has no docstring"):
        registry.feature(silent)
    assert not features


def test_knows_parameters_and_summary():
    family = Feature("brightness", brightness)

    assert family.defaults == {"scale": 1, "scales": (1,), "pyramid": (1,)}
    assert family.summary == "Measure the mean."


def test_columns_follow_the_parameters():
    family = Feature("brightness", brightness)

    assert family.columns() == ("brightness.mean.x1",)
    assert family.columns(scale=3) == ("brightness.mean.x3",)


def test_measures_an_image(rng):
    image = rng.random((4, 4))

    found = brightness(image, scale=2)

    assert Feature("brightness", brightness)(image, scale=2) == found.named()


@pytest.mark.parametrize(
    "use",
    [
        lambda family: family.check({"scal": 1}),
        lambda family: family.columns(scal=1),
        lambda family: family(np.zeros((3, 3)), scal=1),
    ],
    ids=["check", "columns", "measure"],
)
def test_suggests_the_parameter_that_was_meant(use):
    with pytest.raises(UnknownNameError, match=r"parameter of brightness called 'scal'.*'scale'"):
        use(Feature("brightness", brightness))
