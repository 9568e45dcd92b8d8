"""What others have published for a task, recomputed where they gave a confusion matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from texturekit.metrics.given_tables import table_scores
from texturekit.metrics.stated import judge, remarks
from texturekit.records import Reported

if TYPE_CHECKING:
    from collections.abc import Iterable

    from texturekit.data.card import Card, Published, StatedNumber
    from texturekit.records import Stated, TableScores

_DIGITS = 4  # shorter numbers are often equal by chance


def reported(card: Card | None) -> list[Reported]:
    """Return the published numbers of a task, one entry a method.

    Parameters
    ----------
    card : Card or None
        None for own data without a card: nothing is known then.

    Returns
    -------
    list of Reported
        Entries of one source and method are put together. Their intervals count images as
        independent.

    Examples
    --------
    >>> from texturekit.data.card import load_card
    >>> vgg16 = reported(load_card("breast"))[0]
    >>> vgg16.contradictions[1]
    'sensitivity is stated as 0.0000, but the matrix says 0.8418'
    """
    if card is None:
        return []
    merged: dict[tuple[str, str], list[Published]] = {}
    for row in card.published:
        merged.setdefault((row.source, row.method), []).append(row)
    found = [_entry(rows, card) for rows in merged.values()]
    repeated = _repeated(found)
    return [
        one.model_copy(update={"contradictions": [*one.contradictions, *repeated.get(k, [])]})
        for k, one in enumerate(found)
    ]


def _entry(rows: list[Published], card: Card) -> Reported:
    given = next((row for row in rows if row.confusion is not None), rows[0])
    scores = None
    if given.confusion is not None:
        classes = list(given.classes or card.classes)
        positive = card.positive if card.positive in classes and len(classes) == 2 else None
        scores = table_scores(given.confusion, classes, positive)
    judged = [_judged(scores, one) for row in rows for one in row.numbers]
    said = [text for row in rows for text in row.remarks]
    doubts = [one.sentence for one in judged if one.status in ("contradicts", "suspect")]
    return Reported(
        source=given.source,
        method=given.method,
        n=given.n if scores is None else scores.n,
        classes=[] if scores is None else scores.classes,
        confusion=None if scores is None else scores.confusion,
        metrics={} if scores is None else scores.metrics,
        stated=judged,
        contradictions=doubts,
        remarks=[*([] if scores is None else remarks(scores, judged)), *said],
    )


def _judged(scores: TableScores | None, one: StatedNumber) -> Stated:
    """Judge a number by the matrix, which is that of the test images."""
    if one.of == "test":
        return judge(scores, one.metric, one.value, one.part)
    part = f"{one.of}, {one.part}" if one.part else one.of
    return judge(None, one.metric, one.value, part)


def _repeated(found: Iterable[Reported]) -> dict[int, list[str]]:
    """Return where one number of four digits stands for different methods or images."""
    places: dict[tuple[str, str, str], list[tuple[int, str, Stated]]] = {}
    for k, entry in enumerate(found):
        for one in entry.stated:
            digits = one.text.strip("%").replace(".", "").lstrip("0")
            if len(digits) >= _DIGITS and abs(one.value) < 1:
                key = (entry.source, one.metric, one.text)
                places.setdefault(key, []).append((k, entry.method, one))
    said: dict[int, list[str]] = {}
    for (_, metric, text), members in places.items():
        named = [f"{method} ({one.part or 'test'})" for _, method, one in members]
        if len(set(named)) > 1:
            sentence = f"the same {metric} {text} stands for {', '.join(dict.fromkeys(named))}"
            for k in dict.fromkeys(k for k, _, _ in members):
                said.setdefault(k, []).append(sentence)
    return said
