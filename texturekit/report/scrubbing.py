"""Texts without the names of images, patients, files and folders."""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from texturekit.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILE, FOLDER = "a file", "a folder"
#: Names of folders that tell nothing of anybody, and words that sentences are made of.
_WORDS = """
all and class classes csv data dataset datasets export file files fold folder folders frames
group groups home image images img imgs input jpg label labels left manifest mask masks media
mnt name names new normal old output path patient patients photos pictures png raw report
reports right root run runs sample samples scan scans set shared slice slices source sources
split study test testing tests texturekit the tmp train training user users val validation
var volumes work
"""
ORDINARY = frozenset(_WORDS.split())
_KINDS = """
bmp csv dcm dicom gif h5 hdf5 htm html ima jpe jpeg jpg json mgz mha mhd mnc nii npy npz nrrd
parquet pgm pkl png ppm pt pth safetensors tar tif tiff tsv txt webp xls xlsx xml yaml yml zip
"""
_FILE = re.compile(rf"[^\s/\\]\.({'|'.join(_KINDS.split())})(\.gz)?(?![^\W_])", re.IGNORECASE)
_PATH = re.compile(
    r"(?<![\w:/\\.])(?:~?/[^\s/]+/|~/|[A-Za-z]:[\\/]|\\\\)\S|\bfile:/", re.IGNORECASE
)
_ERROR = re.compile(r"^(\w*(?:Error|Exception|Warning|Interrupt)): ")
#: Options whose values name a file, even where they are numbers.
_FILES = "--config --data --masks --output --statements --test -o"
#: Options whose values name no file.
_OPTIONS = """
--calibrate --device --fractions --group --labels --leave-out --methods --positive --preset
--recipe --reference --roi --task --threshold --weights --window
"""


def is_path(text: str) -> bool:
    r"""Tell whether a text holds the name of a file, or a path from a root.

    Examples
    --------
    >>> is_path("/home/ann"), is_path("scan 1.png"), is_path("C:\\x"), is_path("glcm+lbp/knn")
    (True, True, True, False)
    """
    return bool(_PATH.search(text) or _FILE.search(text) or text.startswith(("/", "~", "\\")))


class Scrubber:
    """What stands for which name in texts.

    Parameters
    ----------
    names : mapping
        Paths, ids, groups and sources, and what stands for each.
    public : iterable of str
        Names of classes, methods, columns: never replaced as single words, whoever is called so.
    """

    def __init__(self, names: Mapping[str, str], public: Iterable[str]) -> None:
        public = list(public)
        self._public = {_folded(one) for one in public} | ORDINARY
        self._exact = dict(names)
        own: dict[str, set[str]] = {}
        parts: dict[str, set[str]] = {}
        # A name that stays is found as a whole, before a name that is a part of it.
        self._spellings = {way for one in public if _telling(one) for way in _spellings(one)}
        for name, instead in names.items():
            self._note(name, instead, own)
            for part, word in _parts(name, instead):
                self._note(part, word, parts)
        self._names = {part: _one_of(words) for part, words in {**parts, **own}.items()}

    def _note(self, name: str, instead: str, known: dict[str, set[str]]) -> None:
        """Note the spellings of a name that can be found in a text, unless it is one that stays."""
        if not _telling(name) or _folded(name) in self._public:
            return
        for way in _spellings(name):
            known.setdefault(_folded(way), set()).add(instead)
            self._spellings.add(way)

    def names(self, text: str) -> str:
        """Return a text without the names in it."""
        return self._pattern.sub(lambda found: self._instead(found[0]), text)

    def _instead(self, found: str) -> str:
        if _folded(found) in self._public:
            return found
        exact = self._exact.get(found)
        return exact if exact is not None else self._names.get(_folded(found), FILE)

    def sentence(self, text: str) -> str:
        """Return a text without names; one that still names a file is left out as a whole.

        The names of files that a page does not list otherwise, such as those of training images,
        are not known here, and can hold spaces.
        """
        shorter = self.names(text)
        if not is_path(shorter):
            return shorter
        error = _ERROR.match(shorter)
        return (f"{error[1]}: " if error else "") + "left out, as it names a file"

    def anything(self, content: Any, *, strict: bool = False) -> Any:
        """Return nested content with every text scrubbed; ``strict``: as sentences.

        How a number was made, under "how", is texturekit's own text and stays.
        """
        if isinstance(content, str):
            return self.sentence(content) if strict else self.names(content)
        if isinstance(content, dict):
            return {
                key: one if key == "how" else self.anything(one, strict=strict)
                for key, one in content.items()
            }
        if isinstance(content, list | tuple):
            return [self.anything(one, strict=strict) for one in content]
        return content

    def command(self, line: str) -> str:
        """Return a command line with its options, and without what they say of files."""
        try:
            program, *words = shlex.split(line)
        except ValueError:
            return "left out, as it cannot be read"
        if PurePosixPath(program).stem != "texturekit":
            return "python (script and arguments left out)"
        kept, option = ["texturekit"], ""
        for place, word in enumerate(words):
            name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
            if word.startswith("-") and not _is_number(word):
                kept.append(f"{name}={self._value(name, value)}" if equals else name)
                option = "" if equals else name
            elif place == 0:
                kept.append(word)
            else:
                kept.append(self._value(option, word))
                option = ""
        return " ".join(word if word == "FILE" else shlex.quote(word) for word in kept)

    def _value(self, option: str, value: str) -> str:
        shorter = self.names(value)
        fine = option in _OPTIONS.split() and shorter == value and not is_path(value)
        number = _is_number(value) and option not in _FILES.split() and shorter == value
        return value if fine or number else "FILE"

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        if not self._spellings:
            return re.compile(r"(?!)")
        longest = sorted(self._spellings, key=lambda name: (-len(name), name))
        either = "|".join(r"\s+".join(map(re.escape, way.split())) for way in longest)
        return re.compile(rf"(?<![^\W_])(?:{either})(?![^\W_])", re.IGNORECASE)


def _folded(name: str) -> str:
    """Return what all spellings of a name share: case, composed letters and blanks are no matter.

    Examples
    --------
    >>> _folded("STRAUSS") == _folded("Strauß"), _folded("Ann\u00a0 Lee")
    (True, 'ann lee')
    """
    folded = unicodedata.normalize("NFKD", name).casefold()
    text = unicodedata.normalize("NFKD", folded).replace("\u0131", "i")  # dotless, as re folds it
    return " ".join(text.split())


def _spellings(name: str) -> set[str]:
    """Return how texts may write a name, but for case and blanks: as it is, or within quotes."""
    ways = {name, repr(name)[1:-1], json.dumps(name)[1:-1], printable(name)}
    if not name.isascii():
        ways |= {name.casefold(), name.upper()}
        ways |= {unicodedata.normalize(form, way) for way in ways for form in ("NFC", "NFD")}
    return {way for way in ways if way.split()}


def _one_of(words: set[str]) -> str:
    if len(words) == 1:
        return next(iter(words))
    return FOLDER if FOLDER in words else FILE


def _telling(name: str) -> bool:
    """Tell whether a name can be found in a text without finding half of its words."""
    letters = any(c.isalpha() for c in name)
    return len(name) >= (3 if letters else 5) and any(c.isalnum() for c in name)


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[-+]?[\d.,eE+-]*\d[\d.,eE+-]*", text))


def _parts(name: str, instead: str) -> list[tuple[str, str]]:
    """Return file name, stem and folders of a path, and what stands for each."""
    steps = [step for step in re.split(r"[\\/]+", name) if step not in ("", ".", "..", "~")]
    if not steps:
        return []
    *folders, last = steps
    stems = {last, PurePosixPath(last).stem, last.partition(".")[0]}
    found = [(stem, instead) for stem in sorted(stems) if stem]
    folders = [step for step in folders if not re.fullmatch(r"[A-Za-z]:", step)]
    uppers = ["/".join(folders[:k]) for k in range(2, len(folders) + 1)]
    return found + [(step, FOLDER) for step in dict.fromkeys([*folders, *uppers])]
