"""What is known of a saved model that was tested on images: its training, and what it met."""

from __future__ import annotations

from pydantic import Field

from texturekit.records.base import Estimate, Number, Record
from texturekit.records.tested import Tested


class Outside(Record):
    """How many test images lie outside the training distribution, and what is reached on them.

    ``judged`` images have a score, ``outside`` of them one above ``threshold``; ``expected`` is
    the share of held-out training images that lay above it. ``share`` has its interval by
    patient, ``roc_auc`` is by "inside" and "outside".
    """

    judged: int
    outside: int
    threshold: Number
    detector: str
    chosen_on: str
    expected: Number
    share: Estimate
    roc_auc: dict[str, Estimate] = Field(default_factory=dict)


class Evaluated(Record):
    """The model that was tested.

    Attributes
    ----------
    method : str
    model : str or None
        Where it was read from.
    images, groups : int or None
        What it learnt from: images, and patients where known.
    sha256 : str or None
        Of its training data.
    learnt : int or None
        How many of the test images it learnt from, told by the bytes of their files; None where
        the model does not say.
    outside : Outside or None
    blind : str
        Why nothing tells which images lie outside the training distribution; empty where something
        does.
    tested : Tested or None
        What the comparison found that chose the method.
    """

    method: str
    model: str | None = None
    images: int | None = None
    groups: int | None = None
    sha256: str | None = None
    learnt: int | None = None
    outside: Outside | None = None
    blind: str = ""
    tested: Tested | None = None
