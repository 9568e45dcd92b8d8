import copy
import inspect
import pickle

import pytest

from texturekit import errors
from texturekit.errors import TexturekitError, UnknownNameError

TREE = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, TexturekitError)
]
every_error = pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)


def make(kind):
    return kind("feature", "glmc", ["glcm"]) if kind is UnknownNameError else kind("what, why")


@every_error
def test_also_is_the_builtin_that_it_resembles(kind):
    if kind is not TexturekitError:
        own = [base for base in kind.__mro__ if base.__module__ == errors.__name__]
        assert any(base.__module__ == "builtins" for base in own[-2].__bases__)


@every_error
def test_says_one_line(kind):
    assert str(make(kind))
    assert "\n" not in str(make(kind))


@pytest.mark.parametrize(
    ("name", "code"),
    [("ImageError", 4), ("ManifestError", 4), ("UnknownNameError", 4), ("LeakageError", 5),
     ("WeightsError", 6), ("MissingExtraError", 3), ("OutputError", 4)],
)  # fmt: skip
def test_ends_the_command_line_with_its_code(name, code):
    assert getattr(errors, name).exit_code == code


@every_error
def test_is_in_the_drawn_tree(kind):
    assert kind.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("kind", TREE)
def test_survives_the_way_back_from_a_worker_process(kind):
    error = make(kind)

    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is kind
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)


@pytest.mark.parametrize(
    ("name", "meant"), [("glmc", "glcm"), ("gldmm", "gldm"), ("soble", "sobel")]
)
def test_takes_letters_that_changed_places_for_the_likelier_slip(name, meant):
    known = ["glcm", "gldm", "hog", "sobel"]

    assert f"Did you mean {meant!r}?" in str(UnknownNameError("feature", name, known))


def test_remembers_what_was_asked_for():
    error = UnknownNameError("feature", "glmc", (name for name in ["glcm", "hog"]))

    assert (error.kind, error.name, error.known) == ("feature", "glmc", ["glcm", "hog"])
