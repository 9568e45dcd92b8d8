"""What is worth saying once of many pictures."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from texturekit import events

if TYPE_CHECKING:
    from collections.abc import Iterable

_SAYS = {
    "renamed": "hold another format than their names say; the content was read",
    "alpha": "are transparent in places; they were laid over black",
    "narrow": "use a quarter or less of the values that they can hold (12 bits in a 16-bit file?), "
    "so that nets for X-rays see them nearly flat: store them over the whole range, or as DICOM "
    "that says how many bits are used",
    "burned_in": "say that text stands in their pixels (BurnedInAnnotation): it may name patients, "
    "and reports show pictures",
}
_WARNINGS = ("burned_in", "narrow")
#: A window that clips less says nothing worth knowing: a few dead or hot pixels.
SMALL_SHARE = 0.01


#: The traits of a picture, and what share of its pixels its 8-bit view loses.
Note = tuple[tuple[str, ...], float]


class Notes:
    """What is worth knowing of single pictures; threads may add.

    Attributes
    ----------
    rows : dict
        Traits (see `texturekit.images.Picture`) and the share of pixels outside the window, where
        that is more than `SMALL_SHARE`, by row.
    """

    def __init__(self) -> None:
        self.rows: dict[int, Note] = {}
        self._lock = threading.Lock()

    def add(self, row: int, traits: Iterable[str]) -> None:
        """Note traits of a picture, beside those that were noted before."""
        with self._lock:
            known, share = self.rows.get(row, ((), 0.0))
            self.rows[row] = tuple(sorted({*known, *traits})), share

    def clip(self, row: int, share: float) -> None:
        """Note what share of a picture's pixels its view loses."""
        if share > SMALL_SHARE:
            with self._lock:
                self.rows[row] = self.rows.get(row, ((), 0.0))[0], share

    def sentences(self) -> list[tuple[str, bool]]:
        """Return what there is to say of all of them; see `Summary.sentences`."""
        summary = Summary()
        with self._lock:
            for note in self.rows.values():
                summary.add(note)
        return summary.sentences()

    def __getstate__(self) -> dict[str, Any]:
        return {"rows": self.rows}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= {**state, "_lock": threading.Lock()}


@dataclass
class Summary:
    """Notes of many pictures, counted."""

    traits: Counter[str] = field(default_factory=Counter)
    clipped: int = 0
    share: float = 0.0
    most: float = 0.0

    def add(self, note: Note) -> None:
        """Count what was noted of one picture."""
        traits, share = note
        self.traits.update(traits)
        if share:
            self.clipped += 1
            self.share += share
            self.most = max(self.most, share)

    def sentences(self) -> list[tuple[str, bool]]:
        """Return what there is to say, and whether it is a warning."""
        said = [
            (f"{self.traits[trait]} files {text}.", trait in _WARNINGS)
            for trait, text in _SAYS.items()
            if self.traits[trait]
        ]
        if self.clipped:
            text = (
                f"the window clips {self.clipped} pictures: {self.share / self.clipped:.0%} of "
                f"their pixels on average, {self.most:.0%} at most, are shown to nets as black or "
                "white; texture is not concerned."
            )
            said.append((text, True))
        return said

    def tell(self, stage: str) -> None:
        """Say it, once."""
        for sentence, warning in self.sentences():
            (events.warn if warning else events.note)(stage, sentence)
