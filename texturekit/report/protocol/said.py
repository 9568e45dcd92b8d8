"""What a run says to one row of the checklist, and what it leaves open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from texturekit.records import STATEMENTS

if TYPE_CHECKING:
    from texturekit.report.protocol.seen import Seen


@dataclass
class Said:
    """Sentences that hold, what is not stated, and why a row is not applicable.

    Attributes
    ----------
    told : list of str
        Whole sentences.
    missing : list of str
        What is not stated, each a phrase without a full stop.
    beside : str
        Why the row does not apply; it then counts as neither stated nor missing.
    """

    told: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    beside: str = ""

    def tell(self, *sentences: str) -> None:
        """Add sentences; empty ones are passed over."""
        self.told += [one for one in sentences if one]

    def lack(self, what: str) -> None:
        """Add something that is not stated."""
        self.missing.append(what)

    def either(self, sentence: str, what: str) -> None:
        """Add a sentence, or what is missing if it is empty."""
        if sentence:
            self.told.append(sentence)
        else:
            self.missing.append(what)

    def ask(self, seen: Seen, key: str, *, needed: bool = True) -> None:
        """Add the authors' own words, or name what only they know."""
        words = seen.results.statements.get(key)
        if words:
            self.told.append(f"{named(key)}, in the authors' words: {sentence(words)}")
        elif needed:
            self.missing.append(f"{STATEMENTS[key]} ({key})")

    @property
    def status(self) -> str:
        """``stated``, ``partly``, ``NOT STATED`` or ``not applicable``."""
        if self.beside:
            return "not applicable"
        if not self.missing:
            return "stated"
        return "partly" if self.told else "NOT STATED"


def named(key: str) -> str:
    """Return what a statement is called.

    Examples
    --------
    >>> named("reference_standard")
    'Reference standard'
    """
    return key.replace("_", " ").capitalize()


def sentence(words: str) -> str:
    """Return words with a full stop, unless they end with a mark.

    Examples
    --------
    >>> sentence("Biopsy"), sentence("Biopsy!")
    ('Biopsy.', 'Biopsy!')
    """
    return words if words[-1:] in ".!?" else f"{words}."
