"""How often do the tests call a difference real where there is none?

    .venv/bin/python benchmarks/studies/type_one.py --draws 2000

prints the tables of docs/tests.md. The data are drawn so that two methods are alike: on the test
images (first table), or on average over training sets (second table, in which real logistic
regressions are fitted inside the folds). The third table is the price: how often a true lead is
found. Many draws are computed at once; the first of each row are compared with what the functions
of texturekit.metrics give, which stops the study where they differ.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata, t

from texturekit import metrics
from texturekit.metrics.areas import area_difference
from texturekit.metrics.cases import Cases
from texturekit.metrics.fold_areas import area_of
from texturekit.metrics.testing import paired_decisions
from texturekit.metrics.training_chance import in_general

LEVEL = 0.05
TESTS = ["paired", "paired, t", "permutation", "unpaired", "McNemar"]
NAMES = ["DeLong", "DeLong x f", "both", "Nadeau-Bengio", "McNemar", "McNemar, both"]


def share(called):
    return f"{np.mean(called):.3f}"


@dataclass(frozen=True)
class Setting:
    """Patients of each class, images a patient, and whether the scores of b have another spread."""

    positives: int
    negatives: int
    images: int = 1
    other_shape: bool = False
    area: float = 1.2

    def __str__(self):
        shape = "other spread" if self.other_shape else "same spread"
        return f"{self.positives} + {self.negatives} | {self.images} | {shape}"


def correlated(rng, draws, groups, images, own=0.5):
    """Return normal scores of images; those of one patient share half of their variance."""
    between = np.repeat(rng.normal(size=(draws, groups)), images, axis=1)
    return np.sqrt(own) * between + np.sqrt(1 - own) * rng.normal(size=between.shape)


def two_scores(rng, setting, draws):
    """Return labels, patients and two scores with the same true area, correlated by one half."""
    groups = setting.positives + setting.negatives
    y = np.repeat(np.arange(groups) < setting.positives, setting.images)
    common, *own = (correlated(rng, draws, groups, setting.images) for _ in range(3))
    a, b = (np.sqrt(0.5) * common + np.sqrt(0.5) * one for one in own)
    spread = 2.0 if setting.other_shape else 1.0
    lift = setting.area / np.sqrt(2) * np.sqrt(1 + spread**2)
    b = np.where(y, b * spread + lift, b)
    return y, np.repeat(np.arange(groups), setting.images), a + setting.area * y, b


def lower(x, y):
    """Return how many of y each of x beats, in every row, ties counting one half."""
    return rankdata(np.concatenate([x, y], 1), axis=1)[:, : x.shape[1]] - rankdata(x, axis=1)


def by_patient(parts, images):
    return parts.reshape(len(parts), -1, images).mean(axis=2)


def delong(a, b, y, images):
    """Return for many draws the difference of the areas, its variance, and the single variances.

    Patients have images of one class, all of them equally many.
    """
    sides = []
    for pick, others, sign in ((y, ~y, 1), (~y, y, -1)):
        own = [lower(s[:, pick], s[:, others]) / others.sum() for s in (a, b)]
        own = [by_patient(v if sign == 1 else 1 - v, images) for v in own]
        sides.append(own)
    gap = sides[0][0].mean(axis=1) - sides[0][1].mean(axis=1)
    paired = sum((one - two).var(axis=1, ddof=1) / one.shape[1] for one, two in sides)
    single = [sum(s[k].var(axis=1, ddof=1) / s[k].shape[1] for s in sides) for k in (0, 1)]
    return gap, paired, single


def swapped(a, b, y, images, signs):
    """Return p of the permutation of ranks for many draws."""
    one, two = rankdata(a, axis=1), rankdata(b, axis=1)
    parts = np.zeros_like(a)
    for pick, others, sign in ((y, ~y, 1), (~y, y, -1)):
        same = lower(one[:, pick], one[:, others]) - lower(two[:, pick], two[:, others])
        crossed = lower(one[:, pick], two[:, others]) - lower(two[:, pick], one[:, others])
        parts[:, pick] = sign * (same + crossed) / 2
    gains = by_patient(parts, images)
    seen = np.abs(gains.sum(axis=1))
    return (1 + (np.abs(signs @ gains.T) >= seen - 1e-9).sum(axis=0)) / (1 + len(signs))


def on_test_images(rng, setting, draws):
    groups, found = setting.positives + setting.negatives, {}
    signs = rng.choice([-1.0, 1.0], size=(1999, groups))
    rows = [[], [], [], [], []]
    for start in range(0, draws, 200):
        count = min(200, draws - start)
        y, group, a, b = two_scores(rng, setting, count)
        other = two_scores(rng, setting, count)[3]
        gap, paired, _ = delong(a, b, y, setting.images)
        z = 2 * norm.sf(np.abs(gap) / np.sqrt(paired))
        apart, _, (one, two) = delong(a, other, y, setting.images)
        degrees = (one + two) ** 2 / ((one**2 + two**2) / (groups - 1))
        d = 2 * t.sf(np.abs(apart) / np.sqrt(one + two), degrees)
        right = [(s >= setting.area / 2) == y for s in (a, b)]
        m = [paired_decisions(one, two, group).p for one, two in zip(*right, strict=True)]
        least = min(setting.positives, setting.negatives) - 1
        careful = 2 * t.sf(np.abs(gap) / np.sqrt(paired), least)
        swaps = swapped(a, b, y, setting.images, signs)
        for i, p in enumerate((z, careful, swaps, d, m)):
            rows[i].extend(p)
        if start == 0:
            check(y, group, a, b, other, z, careful, d)
    found = dict(zip(TESTS, map(np.array, rows), strict=True))
    return {
        name: "-" if name == "McNemar" and setting.other_shape else share(values < LEVEL)
        for name, values in found.items()
    }


def check(y, group, a, b, other, z, careful, d):
    for i in range(3):
        args = group if len(np.unique(group)) < len(group) else None
        own = [metrics.compare_roc_auc(y, a[i], b[i], args, test=n).p for n in ("delong", "t")]
        apart = metrics.compare_roc_auc_unpaired(y, a[i], y, other[i], args, args).p
        np.testing.assert_allclose([z[i], careful[i], d[i]], [*own, apart], rtol=1e-6)


def fit(x, y, weight, ridge=1.0, steps=8):
    """Return the scores of many ridge logistic regressions at once, by Newton's method."""
    x = np.concatenate([x, np.ones((*x.shape[:2], 1))], axis=2)
    size = x.shape[2]
    penalty = np.append(np.full(size - 1, ridge), 1e-6)
    beta = np.zeros((len(x), size))
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(np.einsum("bnp,bp->bn", x, beta), -30, 30)))
        slope = np.matmul((weight * (y - p))[:, None, :], x)[:, 0] - penalty * beta
        curve = np.matmul(x.transpose(0, 2, 1) * (weight * p * (1 - p))[:, None, :], x)
        curve[:, np.arange(size), np.arange(size)] += penalty
        beta = beta + np.linalg.solve(curve, slope[..., None])[..., 0]
    return np.einsum("bnp,bp->bn", x, beta)


@dataclass(frozen=True)
class Learning:
    """Two logistic regressions on two sets of columns that tell the classes equally well.

    ``telling`` of ``columns`` columns differ between the classes, by ``gap`` standard deviations in
    all; ``shared`` is the part of the variance that the two sets have in common, ``lead`` what the
    first set knows more.
    """

    patients: int
    columns: int
    telling: int
    gap: float
    shared: float = 0.0
    images: int = 1
    folds: int = 5
    repeats: int = 1
    lead: float = 0.0

    def __str__(self):
        return (
            f"{self.patients} | {self.images} | {self.columns} | {self.shared:g} | "
            f"{self.folds} x {self.repeats} | {self.lead:g}"
        )


def learnt(rng, setting, draws):
    """Return a list with, for every draw, the cases of both methods in every repeat."""
    n, k = setting.patients, setting.images
    positive = np.arange(n) < round(0.4 * n)
    y = np.repeat(positive, k)

    def columns():
        shape = (draws, n, setting.columns)
        if k == 1:
            return rng.normal(size=shape)
        between = np.repeat(rng.normal(size=shape), k, axis=1)
        own = rng.normal(size=(draws, n * k, setting.columns))
        return np.sqrt(0.7) * between + np.sqrt(0.3) * own

    common = columns()
    tables = []
    for gap in (setting.gap + setting.lead, setting.gap):
        mean = np.zeros(setting.columns)
        mean[: setting.telling] = gap / np.sqrt(setting.telling)
        own = np.sqrt(setting.shared) * common + np.sqrt(1 - setting.shared) * columns()
        tables.append(own + y[None, :, None] * mean)
    repeats = []
    for _ in range(setting.repeats):
        fold = np.empty(n, dtype=np.int64)
        fold[positive] = rng.permutation(int(positive.sum())) % setting.folds
        fold[~positive] = rng.permutation(int((~positive).sum())) % setting.folds
        fold = np.repeat(fold, k)
        scores = [np.zeros((draws, n * k)) for _ in tables]
        for f in range(setting.folds):
            weight = np.broadcast_to((fold != f).astype(float), (draws, n * k))
            for score, x in zip(scores, tables, strict=True):
                score[:, fold == f] = fit(x, y, weight)[:, fold == f]
        repeats.append((fold, scores))
    return y, np.repeat(np.arange(n), k), repeats


def as_cases(y, group, fold, score):
    p = 1 / (1 + np.exp(-score))
    truth, said = np.stack([~y, y], axis=1), np.stack([score < 0, score >= 0], axis=1)
    return Cases(
        kind="binary",
        classes=("no", "yes"),
        positive=1,
        ids=tuple(map(str, range(len(y)))),
        truth=truth,
        predicted=said,
        known=np.ones_like(truth),
        probability=np.stack([1 - p, p], axis=1),
        fold=fold,
        group=group,
    )


def fold_areas(scores, y, fold, images):
    """Return for many draws the gaps of all folds, their weights, and the variance of the mean."""
    a, b = scores
    gaps, weights, spread = [], [], 0.0
    folds = range(int(fold.max()) + 1)
    total = sum((y & (fold == f)).sum() * (~y & (fold == f)).sum() for f in folds)
    for f in folds:
        rows = fold == f
        gap, own, _ = delong(a[:, rows], b[:, rows], y[rows], images)
        weight = (y & rows).sum() * (~y & rows).sum() / total
        gaps.append(gap)
        weights.append(weight)
        spread = spread + weight**2 * own
    return np.stack(gaps, axis=1), np.array(weights), spread


def under_cross_validation(rng, setting, draws):
    rows = {name: [] for name in NAMES}
    for start in range(0, draws, 250):
        y, group, repeats = learnt(rng, setting, min(250, draws - start))
        found = [fold_areas(scores, y, fold, setting.images) for fold, scores in repeats]
        gaps = np.concatenate([one[0] for one in found], axis=1)
        means = np.stack([one[0] @ one[1] for one in found], axis=1)
        fold = repeats[0][0]
        sizes = np.bincount(fold)
        ratio = np.mean(sizes / (len(y) - sizes))
        factor = 1 + setting.folds * ratio
        error = np.sqrt(found[0][2])
        plain = 2 * norm.sf(np.abs(means[:, 0]) / error)
        general = 2 * norm.sf(np.abs(means.mean(axis=1)) / error / np.sqrt(factor))
        inner = gaps.std(axis=1, ddof=1) * np.sqrt(1 / gaps.shape[1] + ratio)
        bengio = 2 * t.sf(np.abs(gaps.mean(axis=1)) / inner, gaps.shape[1] - 1)
        right = [[(s >= 0) == y for s in scores] for _, scores in repeats]
        share_gap = np.mean([one.mean(axis=1) - two.mean(axis=1) for one, two in right], axis=0)
        tests = [paired_decisions(one, two, group) for one, two in zip(*right[0], strict=True)]
        exact = np.array([one.p for one in tests])
        wide = np.array([max(one.error, 1e-9) for one in tests]) * np.sqrt(factor)
        told = 2 * norm.sf(np.abs(share_gap) / wide)
        if start == 0:
            check_general(y, group, repeats, general, told)
        values = plain, general, np.maximum(plain, general), bengio, exact, np.maximum(exact, told)
        for name, p in zip(NAMES, values, strict=True):
            rows[name].extend(p)
    return {name: share(np.array(p) < LEVEL) for name, p in rows.items()}


def check_general(y, group, repeats, general, told):
    for i in range(3):
        sets = [
            [as_cases(y, group, fold, scores[j][i]) for fold, scores in repeats] for j in range(2)
        ]
        pairs = list(zip(*sets, strict=True))
        areas = [area_difference(area_of(a, [1]), area_of(b, [1])) for a, b in pairs]
        shares = [
            paired_decisions(*((c.truth & c.predicted).any(axis=1) for c in pair), group)
            for pair in pairs
        ]
        own = [in_general(found, *sets).p for found in (areas, shares)]
        np.testing.assert_allclose([general[i], told[i]], own, rtol=1e-6)


def table(title, head, rows):
    print(f"\n{title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


TESTED = [
    Setting(20, 20), Setting(50, 50), Setting(200, 200), Setting(10, 40),
    Setting(50, 50, other_shape=True), Setting(10, 10, 4), Setting(20, 20, 4), Setting(50, 50, 4),
    Setting(10, 40, 4), Setting(10, 10, 4, other_shape=True), Setting(20, 20, 4, other_shape=True),
    Setting(10, 40, 4, other_shape=True), Setting(50, 50, 4, other_shape=True),
]  # fmt: skip
LEARNT = [
    Learning(40, 5, 5, 1.2), Learning(60, 5, 5, 1.2), Learning(60, 30, 3, 1.5),
    Learning(100, 5, 5, 1.0), Learning(100, 50, 5, 1.5), Learning(100, 50, 5, 1.5, shared=0.7),
    Learning(200, 20, 5, 1.0), Learning(200, 100, 5, 1.5), Learning(50, 20, 5, 1.5, images=4),
    Learning(100, 50, 5, 1.5, folds=10), Learning(60, 5, 5, 1.2, folds=2),
    Learning(100, 50, 5, 1.5, repeats=5), Learning(60, 5, 5, 1.2, repeats=5),
]  # fmt: skip
POWER = [
    Learning(100, 5, 5, 1.0, lead=0.4), Learning(100, 5, 5, 1.0, lead=0.8),
    Learning(100, 5, 5, 1.0, lead=1.2), Learning(200, 20, 5, 1.0, lead=0.4),
    Learning(200, 20, 5, 1.0, lead=0.8), Learning(200, 20, 5, 1.0, lead=0.8, repeats=5),
    Learning(400, 20, 5, 1.0, lead=0.4), Learning(400, 20, 5, 1.0, lead=0.8),
]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--only", choices=["tests", "learning", "power"])
    options = parser.parse_args()
    for part in [options.only] if options.only else ["tests", "learning", "power"]:
        rng, draws = np.random.default_rng(options.seed), options.draws
        if part == "tests":
            names = TESTS
            head = ["patients", "images each", "scores of b", *names]
            start = f"Share of p < .05 without a difference, {draws:,} draws"
            found = ((s, on_test_images(rng, s, draws)) for s in TESTED)
        else:
            names, draws = NAMES, draws // 2
            head = ["patients", "images each", "columns", "shared", "folds x repeats", "lead"]
            head += names
            what = "without a difference in expectation" if part == "learning" else "with a lead"
            start = f"Share of p < .05 {what}, {draws:,} draws"
            settings = LEARNT if part == "learning" else POWER
            found = ((s, under_cross_validation(rng, s, draws)) for s in settings)
        table(start, head, ([*str(s).split(" | "), *(f[n] for n in names)] for s, f in found))


if __name__ == "__main__":
    main()
