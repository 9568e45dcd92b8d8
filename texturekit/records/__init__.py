"""Results as frozen records, JSON both ways.

Undefined is ``None`` with a reason, never 0 and never NaN.
"""

from __future__ import annotations

from texturekit.records.base import (
    SCHEMA_VERSION,
    Difference,
    Estimate,
    Family,
    Kind,
    Number,
    Record,
    Verdict,
)
from texturekit.records.data import (
    AlikePair,
    AuditResults,
    Crossing,
    Data,
    Repeats,
    Shortcut,
    Skipped,
    SkippedRow,
    Source,
    TwoLabels,
    Varying,
)
from texturekit.records.evaluated import Evaluated, Outside
from texturekit.records.method import (
    ClassResult,
    Cut,
    FamilyImportance,
    FoldCut,
    FoldScore,
    LeftOut,
    MethodResult,
    Seconds,
    Threshold,
    Trial,
    Tuning,
)
from texturekit.records.published import (
    Majority,
    Reported,
    Stated,
    TableScores,
)
from texturekit.records.results import (
    ColumnStability,
    Comparison,
    CurvePoint,
    FamilyCorrelation,
    Finding,
    Pair,
    Permutation,
    Protocol,
    Results,
    SplitPart,
    Stability,
    Subgroup,
)
from texturekit.records.statements import STATEMENTS, read_statements
from texturekit.records.study import (
    Study,
)
from texturekit.records.task_ranking import (
    FriedmanTest,
    NemenyiTest,
    RankedMethod,
    RankedTask,
    RunDifference,
    TaskRanking,
)
from texturekit.records.tested import ObservedShare, Tested

__all__ = [
    "SCHEMA_VERSION",
    "STATEMENTS",
    "AlikePair",
    "AuditResults",
    "ClassResult",
    "ColumnStability",
    "Comparison",
    "Crossing",
    "CurvePoint",
    "Cut",
    "Data",
    "Difference",
    "Estimate",
    "Evaluated",
    "Family",
    "FamilyCorrelation",
    "FamilyImportance",
    "Finding",
    "FoldCut",
    "FoldScore",
    "FriedmanTest",
    "Kind",
    "LeftOut",
    "Majority",
    "MethodResult",
    "NemenyiTest",
    "Number",
    "ObservedShare",
    "Outside",
    "Pair",
    "Permutation",
    "Protocol",
    "RankedMethod",
    "RankedTask",
    "Record",
    "Repeats",
    "Reported",
    "Results",
    "RunDifference",
    "Seconds",
    "Shortcut",
    "Skipped",
    "SkippedRow",
    "Source",
    "SplitPart",
    "Stability",
    "Stated",
    "Study",
    "Subgroup",
    "TableScores",
    "TaskRanking",
    "Tested",
    "Threshold",
    "Trial",
    "Tuning",
    "TwoLabels",
    "Varying",
    "Verdict",
    "read_statements",
]
