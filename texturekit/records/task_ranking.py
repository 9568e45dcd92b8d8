"""Methods over several tasks: the content of ``ranking.json``."""

from __future__ import annotations

from pydantic import Field

from texturekit.records.base import SCHEMA_VERSION, Estimate, Family, Number, Record


class FriedmanTest(Record):
    """Whether mean ranks differ; ``p`` belongs to Iman and Davenport's ``f``."""

    tasks: int
    methods: int
    mean_ranks: list[Number]
    chi2: Number
    p_chi2: Number
    chi2_ties: Number | None
    p_chi2_ties: Number | None
    f: Number | None
    p: Number
    how: str


class NemenyiTest(Record):
    """How far two mean ranks have to be apart, and p of every pair in the order of the methods."""

    level: Number
    critical_difference: Number
    p: list[list[Number]]
    how: str


class RankedTask(Record):
    """One task of a ranking: where its report is, and what limits its numbers.

    ``error`` is why there are no results, ``left_out`` why the task is not in the ranking though
    there are. ``leader`` is the method that leads there, ``tested`` how many others it was tested
    against and ``better_than`` how many of them a verdict says it is better than.
    """

    name: str
    title: str
    report: str | None = None
    images: int = 0
    groups: int | None = None
    synthetic: bool = False
    notes: list[str] = Field(default_factory=list)
    left_out: str | None = None
    error: str | None = None
    leader: str | None = None
    tested: int = 0
    better_than: int = 0


class RankedMethod(Record):
    """One method of a ranking.

    ``areas``, ``ranks``, ``images`` (tested on) and ``absent`` (why there is no area) go by the
    names of the tasks; ``mean_rank`` is over the tasks in the ranking. ``left_out`` says why the
    method has no mean rank.
    """

    name: str
    family: Family
    areas: dict[str, Estimate]
    ranks: dict[str, Number] = Field(default_factory=dict)
    images: dict[str, int] = Field(default_factory=dict)
    absent: dict[str, str] = Field(default_factory=dict)
    mean_rank: Number | None = None
    left_out: str | None = None


class RunDifference(Record):
    """A fact or setting that is not the same in all runs; by the names of the tasks."""

    name: str
    values: dict[str, str]


class TaskRanking(Record):
    """Methods ranked over tasks, best first; tests are None with a ``reason``.

    The tests go by the order of those methods that have a mean rank. ``independent`` is false where
    runs share their data: then nothing is ranked. ``differences`` are what sets the runs apart.
    """

    schema_version: int = SCHEMA_VERSION
    metric: str = "roc_auc"
    tasks: list[RankedTask]
    methods: list[RankedMethod]
    friedman: FriedmanTest | None = None
    nemenyi: NemenyiTest | None = None
    reason: str | None = None
    independent: bool = True
    differences: list[RunDifference] = Field(default_factory=list)
    sentences: list[str] = Field(default_factory=list)
