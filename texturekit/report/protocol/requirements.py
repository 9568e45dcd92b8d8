"""What a report of such a comparison has to say: 21 rows, and where CLAIM, TRIPOD+AI, STARD-AI ask.

CLAIM 2024 (10.1148/ryai.240300), TRIPOD+AI 2024 (10.1136/bmj-2023-078378), STARD-AI 2025
(10.1038/s41591-025-03953-8). The numbers of their items were read from a crosswalk.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Requirement:
    """One row: its number, what is asked for, the items that ask, and the sections to look at."""

    number: int
    text: str
    claim: str
    tripod: str
    stard: str
    anchors: tuple[str, ...]


REQUIREMENTS = (
    Requirement(
        1, "Task, intended use, positive class, unit of analysis (image, lesion or patient)",
        "3, 6", "3b", "3", ("answer-title",),
    ),
    Requirement(
        2, "Data source, licence, dates, inclusion and exclusion with counts: found = used + "
        "skipped, by reason", "7, 8, 35", "5, 6, 20a", "7\N{EN DASH}11, 24", ("data",),
    ),
    Requirement(
        3, "Reference standard, who labelled, and how noisy the labels are",
        "14\N{EN DASH}18", "8", "16", ("data",),
    ),
    Requirement(
        4, "Preprocessing in full, fitted on training images only, with its hash",
        "9", "7, 12b", "14", ("protocol",),
    ),
    Requirement(
        5, "Splits by class and patient, what keeps them apart, seed, duplicates across splits",
        "19, 20", "12a", "15b", ("splits",),
    ),
    Requirement(
        6, "Sample size and the width of the intervals; no claim of power without one",
        "21", "10", "22", ("methods",),
    ),
    Requirement(
        7, "Every model: name, parameters, first weights, training, early stopping, the same "
        "search budget for all", "22\N{EN DASH}26", "12c", "15a",
        ("methods", "tuning", "trainings"),
    ),
    Requirement(
        8, "Model and threshold chosen on validation images only; value and rule of the threshold, "
        "and whether it was fixed beforehand", "26", "15", "15c", ("thresholds", "methods"),
    ),
    Requirement(
        9, "For every method: n, prevalence, counts of the confusion matrix and all metrics, each "
        "with a 95% interval and the name of its method", "28, 29, 38", "12e, 23a", "30, 31",
        ("methods", "confusion", "classes"),
    ),
    Requirement(
        10, "Baselines: majority, prevalence as score, metadata only, simplest texture, and a "
        "published anchor where its split is used", "28", "12e", "18", ("methods", "reported"),
    ),
    Requirement(
        11, "Paired differences with interval and p, corrected (Holm) over the declared family; "
        "\N{LEFT DOUBLE QUOTATION MARK}no difference shown\N{RIGHT DOUBLE QUOTATION MARK} where "
        "there is none", "29", "12e", "18", ("comparisons",),
    ),
    Requirement(
        12, "Clustering by patient in every interval and test",
        "29", "12d", "21", ("methods", "comparisons"),
    ),
    Requirement(
        13, "Calibration plot, slope and intercept; whether resampling was used",
        "38", "12e, 13", "\N{EN DASH}", ("calibration", "methods"),
    ),
    Requirement(
        14, "Prevalence of the test against that of the intended use; PPV and NPV at several "
        "prevalences; net benefit", "\N{EN DASH}", "13", "28",
        ("explorer", "benefit", "data"),
    ),
    Requirement(
        15, "Subgroups (site, scanner, sex, age, size) with n and intervals; with fewer than 10 "
        "positives not estimable", "37, 38", "14, 23a", "23, 25", ("subgroups", "sites"),
    ),
    Requirement(
        16, "Failures: the worst images of each class, confused pairs of classes, scores of what "
        "lies outside the distribution", "39", "25", "23", ("images", "confusion"),
    ),
    Requirement(
        17, "Robustness: seeds (mean, spread, all values), noise, blur, compression, rotation, "
        "resolution", "30", "\N{EN DASH}", "21", ("seeds", "stability", "spread"),
    ),
    Requirement(
        18, "Internal and external testing named as such", "32, 33", "16", "29", ("protocol",),
    ),
    Requirement(
        19, "Indeterminate, undefined and missing results shown as n/a with the reason, never as 0",
        "12", "11", "19, 20", ("methods", "findings"),
    ),
    Requirement(
        20, "Versions, hardware, seeds, git commit, data hash, command line; predictions of every "
        "image kept", "23, 42, 43", "18e, 18f", "40a, 40b", ("protocol", "rerun"),
    ),
    Requirement(
        21, "Limitations, from what is missing; not for clinical use",
        "40", "26", "33", ("findings",),
    ),
)  # fmt: skip
