"""The exception tree.

::

    TexturekitError
    ├── ImageError           also ValueError       a picture that cannot be used
    ├── ManifestError        also ValueError       a data source, a label, a row
    ├── SplitError           also ValueError       splits or folds that cannot be made
    ├── ParameterError       also ValueError       an argument out of its range
    ├── UnknownNameError     also LookupError      a name nobody registered
    ├── MetricError          also ValueError       scores that cannot be scored
    ├── ModelError           also ValueError       a model folder that cannot be trusted
    ├── OutputError          also OSError          an output that exists or cannot be written
    ├── WorkerError          also RuntimeError     the process that measures cannot go on
    ├── LeakageError         also ValueError       the same patient on both sides
    ├── DownloadError        also RuntimeError     a file that cannot be fetched, or is another one
    ├── ArchiveError         also ValueError       an archive that is damaged or not to be trusted
    ├── WeightsError         also RuntimeError     pretrained weights that cannot be had
    │   └── WeightsFileError                       a file of one's own that does not serve
    └── MissingExtraError    also ImportError      an optional dependency

and the warning GreyLevelWarning, of a region with too few or too many grey levels.

Every message says what was given, what was wanted and what to do next. ``exit_code`` is what the
command line ends with.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


def closest(name: str, names: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the name most like ``name``, else nothing.

    Examples
    --------
    >>> closest("path", ["Path", "label"])
    " Did you mean 'Path'?"
    """
    by_lower = {known.lower(): known for known in names}
    word = str(name).lower()
    found = difflib.get_close_matches(word, by_lower)
    if not found:
        return ""
    # Letters that changed places are the likelier slip: "glmc" is glcm rather than gldm.
    best = max(found, key=lambda known: sorted(known) == sorted(word))
    return f" Did you mean {by_lower[best]!r}?"


def printable(text: str) -> str:
    r"""Return text that every encoding of Unicode can hold; undecodable bytes become ``\xff``.

    Examples
    --------
    >>> printable("scan\udcff.png")
    'scan\\xff.png'
    """
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class TexturekitError(Exception):
    """Root of every error that texturekit raises on purpose."""

    exit_code: ClassVar[int] = 4


class ImageError(TexturekitError, ValueError):
    """An image cannot be read, or cannot be measured as asked."""


class ManifestError(TexturekitError, ValueError):
    """A manifest, folder tree or label is not usable."""


class SplitError(TexturekitError, ValueError):
    """The data cannot be split as asked."""


class ParameterError(TexturekitError, ValueError):
    """An argument is outside its documented range."""


class MetricError(TexturekitError, ValueError):
    """Labels or scores from which no metric can be computed."""


class ModelError(TexturekitError, ValueError):
    """A model folder is damaged, foreign or of another version."""


class OutputError(TexturekitError, OSError):
    """An output exists already or cannot be written."""


class WorkerError(TexturekitError, RuntimeError):
    """The process that measures cannot be started, or ends again and again."""


class LeakageError(TexturekitError, ValueError):
    """The same patient or image stands on both sides of a split."""

    exit_code = 5


class DownloadError(TexturekitError, RuntimeError):
    """A file cannot be fetched, or is not the one that was wanted."""

    exit_code = 6


class ArchiveError(TexturekitError, ValueError):
    """An archive is damaged, or holds what must not be unpacked."""


class WeightsError(TexturekitError, RuntimeError):
    """Pretrained weights are missing, damaged or refused."""

    exit_code = 6


class WeightsFileError(WeightsError):
    """A weights file of one's own is missing, damaged or of another network."""

    exit_code = 4


class MissingExtraError(TexturekitError, ImportError):
    """An optional dependency is not installed."""

    exit_code = 3


#: The extra that installs each optional package; every other package belongs to the core.
_EXTRAS = {
    "pydicom": "dicom",
    "pylibjpeg": "dicom",
    "openjpeg": "dicom",
    "nibabel": "dicom",
    "h5py": "data",
    "optuna": "tune",
    "dask": "dist",
    "distributed": "dist",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "onnxscript": "onnx",
    "gradio": "app",
}


def missing_extra(problem: ImportError) -> MissingExtraError:
    """Return what to tell a user whose environment lacks a package, or holds a broken one.

    Examples
    --------
    >>> print(missing_extra(ModuleNotFoundError("No module named 'dask'", name="dask.array")))
    dask is not installed (No module named 'dask'); run: pip install "texturekit[dist]"
    """
    package = (problem.name or "a package").partition(".")[0]
    absent = isinstance(problem, ModuleNotFoundError)
    extra = f"[{_EXTRAS[package]}]" if package in _EXTRAS else ""
    again = "" if absent else " --force-reinstall"
    return MissingExtraError(
        f"{package} {'is not installed' if absent else 'does not load'} "
        f'({problem}); run: pip install{again} "texturekit{extra}"'
    )


class UnknownNameError(TexturekitError, LookupError):
    """A name is not registered.

    Parameters
    ----------
    kind : str
        What was looked up, in words: ``"feature"``, ``"task"``.
    name : str
        The name that was given.
    known : iterable of str
        The names that would have been right.

    Examples
    --------
    >>> str(UnknownNameError("feature", "glmc", ["glcm", "hog"]))
    "There is no feature called 'glmc'. Did you mean 'glcm'? Known: glcm, hog."
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = list(known)
        hint = closest(name, names)
        super().__init__(f"There is no {kind} called {name!r}.{hint} Known: {', '.join(names)}.")
        self.kind, self.name, self.known = kind, name, names

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, list[str]]]:
        # Exceptions are rebuilt from args, which holds the message: worker processes need ours.
        return type(self), (self.kind, self.name, self.known)


class GreyLevelWarning(UserWarning):
    """A region occupies fewer or more grey levels than texture is usually measured on."""
