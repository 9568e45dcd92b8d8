"""How often the 95% intervals hold the truth, by simulation; docs/statistics.md quotes the output.

python benchmarks/studies/intervals.py            all tables, 4,000 data sets a cell
python benchmarks/studies/intervals.py --sets 500 --only auc

Everything is computed for all data sets of a cell at once. Each vectorised interval is first
compared with the library's own on a few data sets.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd
from scipy.stats import binom, norm

import texturekit as tk
from texturekit.metrics import limits
from texturekit.metrics.precision import precision_parts, stratified_error
from texturekit.metrics.probability import sort_folds

Z = limits.Z95
AREAS = (0.7, 0.8, 0.9, 0.95)
ALIKE = (0.2, 0.5, 0.8)  # share of a score's variance that is between patients
SIZES = ((10, 10), (10, 90), (20, 20), (20, 80), (50, 50), (100, 100))
CHUNK = 40_000_000  # comparisons held at a time


def drawn(rng, sets, sizes, images, alike, gap):
    """Return scores of positive and negative patients: two arrays (sets, patients, images)."""
    between, within = np.sqrt(alike), np.sqrt(1 - alike)
    return [
        between * rng.normal(size=(sets, n, 1))
        + within * rng.normal(size=(sets, n, images))
        + shift
        for n, shift in zip(sizes, (gap, 0.0), strict=True)
    ]


def logit_limits(value, error):
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = np.log(value / (1 - value))
        reach = Z * error / (value * (1 - value))
    return 1 / (1 + np.exp(reach - centre)), 1 / (1 + np.exp(-reach - centre))


def area_intervals(above, below):
    """Return the limits that `roc_auc` gives, for every data set."""
    sets, m, images = above.shape
    n = below.shape[1]
    step = max(1, CHUNK // (m * n * images**2))
    parts = []
    for at in range(0, sets, step):
        x = above[at : at + step].reshape(-1, m * images, 1)
        y = below[at : at + step].reshape(-1, 1, n * images)
        won = x > y
        parts.append((won.mean(axis=2), won.mean(axis=1)))
    ten, one = (np.concatenate(p) for p in zip(*parts, strict=True))
    value = ten.mean(axis=1)
    own, lone, squares, fourths = np.zeros((4, sets))
    for v, patients in ((ten, m), (one, n)):
        moved = (v - value[:, None]) / v.shape[1]
        sums = moved.reshape(sets, patients, images).sum(axis=2)
        own += patients / (patients - 1) * (sums**2).sum(axis=1)
        lone += patients / (patients - 1) * images * (moved**2).sum(axis=1)
        squares += (sums**2).sum(axis=1)
        fourths += (sums**4).sum(axis=1)
    some = own > 1e-26
    carrying = np.divide(squares**2, fourths, out=np.ones(sets), where=some)
    more = np.divide(lone, own, out=np.ones(sets), where=some) - 1
    error = np.where(some, np.sqrt(own * (1 + np.maximum(more, 0) / (1 + carrying))), 0.0)
    low, high = logit_limits(value, error)
    for i in np.flatnonzero(error == 0):
        low[i], high[i] = limits.area_score(float(value[i]), m, n)
    return low, high


def area_table(rng, sets):
    rows = []
    for sizes in SIZES:
        for images, alike in ((1, 0.0), *((4, share) for share in ALIKE)):
            row = {"patients": f"{sizes[0]} + {sizes[1]}", "images": images, "alike": alike}
            for area in AREAS:
                scores = drawn(rng, sets, sizes, images, alike, norm.ppf(area) * np.sqrt(2))
                low, high = area_intervals(*scores)
                row[f"AUC {area}"] = np.mean((low <= area) & (area <= high))
            rows.append(row)
    check_areas(rng)
    return pd.DataFrame(rows)


def stacked(above, below):
    """Return labels, scores and patients of every data set as rows."""
    sets, m, images = above.shape
    n = below.shape[1]
    y = np.repeat([True, False], (m * images, n * images))
    group = np.repeat(np.arange(m + n), images)
    return y, np.concatenate([above.reshape(sets, -1), below.reshape(sets, -1)], axis=1), group


def check_areas(rng):
    scores = drawn(rng, 5, (12, 15), 3, 0.5, 1.0)
    low, high = area_intervals(*scores)
    y, values, group = stacked(*scores)
    for i, row in enumerate(values):
        found = tk.metrics.roc_auc(y, row, groups=group)
        np.testing.assert_allclose((found.low, found.high), (low[i], high[i]), rtol=1e-9)


def precision_intervals(above, below):
    """Return the limits of the average precision, for every data set."""
    y, values, _group = stacked(above, below)
    sets, count = values.shape
    order = np.argsort(-values, axis=1)
    truth = y[order]
    hits = np.cumsum(truth, axis=1)
    seen = np.arange(1, count + 1)
    precision = hits / seen
    value = (precision * truth).sum(axis=1) / hits[:, -1]
    raised = np.cumsum((truth * (seen - hits) / seen**2)[:, ::-1], axis=1)[:, ::-1]
    lowered = np.cumsum((truth * hits / seen**2)[:, ::-1], axis=1)[:, ::-1]
    moved = np.where(truth, precision - value[:, None] + raised, -lowered) / hits[:, [-1]]
    parts = np.empty_like(moved)
    np.put_along_axis(parts, order, moved, axis=1)
    sums = parts.reshape(sets, -1, above.shape[2]).sum(axis=2)
    error = 0.0
    for side in np.split(sums, [above.shape[1]], axis=1):
        size = side.shape[1]
        centred = side - side.mean(axis=1, keepdims=True)
        error = error + size / (size - 1) * (centred**2).sum(axis=1)
    low, high = logit_limits(value, np.sqrt(error))
    return np.where(value < 1, low, np.nan), np.where(value < 1, high, np.nan)


def true_precision(gap, share):
    """Return the average precision of endless data."""
    grid = np.linspace(-8, 8 + gap, 40_001)
    hits, alarms = share * norm.sf(grid, gap), (1 - share) * norm.sf(grid)
    return float(np.sum(norm.pdf(grid, gap) * hits / (hits + alarms)) * (grid[1] - grid[0]))


def precision_table(rng, sets):
    rows = []
    for sizes in SIZES:
        for images, alike in ((1, 0.0), (4, 0.5)):
            row = {"patients": f"{sizes[0]} + {sizes[1]}", "images": images, "alike": alike}
            for area in AREAS[:3]:
                gap = norm.ppf(area) * np.sqrt(2)
                truth = true_precision(gap, sizes[0] / sum(sizes))
                low, high = precision_intervals(*drawn(rng, sets, sizes, images, alike, gap))
                held = (low <= truth) & (truth <= high)
                row[f"AUC {area}"] = held[~np.isnan(low)].mean()
            rows.append(row)
    check_precision(rng)
    return pd.DataFrame(rows)


def check_precision(rng):
    scores = drawn(rng, 3, (12, 15), 3, 0.5, 1.0)
    low, _ = precision_intervals(*scores)
    y, values, group = stacked(*scores)
    strata = np.repeat([0, 1], (12, 15))
    for i, row in enumerate(values):
        everything = np.ones(len(y), bool)
        folds = sort_folds(y, row, everything, np.zeros(len(y), int))
        value, parts = precision_parts(folds, len(y))
        expected = limits.logit(value, stratified_error(parts, group, strata))[0]
        np.testing.assert_allclose(expected, low[i], rtol=1e-9)


def wilson(share, n):
    centre, reach = share + Z**2 / (2 * n), Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return (centre - reach) / (1 + Z**2 / n), (centre + reach) / (1 + Z**2 / n)


def wilson_table(*_):
    """Return the exact coverage over shares from 0.005 to 0.995."""
    grid = np.linspace(0.005, 0.995, 199)
    rows = []
    for n in (5, 10, 15, 20, 30, 50, 100, 200):
        k = np.arange(n + 1)
        found = [tk.metrics.proportion(int(one), n) for one in k]
        low, high = (np.array([getattr(f, side) for f in found]) for side in ("low", "high"))
        held = (low <= grid[:, None]) & (grid[:, None] <= high)
        covered = (binom.pmf(k, n, grid[:, None]) * held).sum(axis=1)
        row = {"images": n, "mean": covered.mean(), "lowest": covered.min()}
        for share in (0.5, 0.7, 0.9, 0.95):
            row[f"p {share}"] = covered[np.argmin(abs(grid - share))]
        rows.append(row)
    return pd.DataFrame(rows)


def share_intervals(hits, sizes):
    """Return the limits that `clustered_proportion` gives, for every data set."""
    n, groups = sizes.sum(axis=1), sizes.shape[1]
    share, size = hits.sum(axis=1) / n, (sizes**2).sum(axis=1) / n
    gaps = (hits - share[:, None] * sizes) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = gaps.sum(axis=1) / (n * share * (1 - share))
        between = (gaps / sizes).sum(axis=1) / (groups - 1)
        within = (hits * (1 - hits / sizes)).sum(axis=1) / (n - groups)
        alike = (between - within) / (between + ((n - size) / (groups - 1) - 1) * within)
    effect = np.maximum(1, np.fmax(1 + (size - 1) * alike, ratio))
    effect = np.where((share == 0) | (share == 1), size, effect)
    return wilson(share, n / effect)


def share_table(rng, sets):
    rows = []
    for groups in (10, 20, 50, 100):
        for images in ("4", "1-7"):
            for alike in (0.0, *ALIKE):
                row = {"patients": groups, "images": images, "alike": alike}
                for share in (0.6, 0.8, 0.9, 0.95):
                    sizes = np.full((sets, groups), 4.0)
                    if images != "4":
                        sizes = rng.integers(1, 8, (sets, groups)).astype(float)
                    own = np.full((sets, groups), share)
                    if alike:
                        spread = (1 - alike) / alike
                        own = rng.beta(share * spread, (1 - share) * spread, (sets, groups))
                    hits = rng.binomial(sizes.astype(int), own).astype(float)
                    low, high = share_intervals(hits, sizes)
                    row[f"p {share}"] = np.mean((low <= share + 1e-12) & (share <= high + 1e-12))
                row["mean"] = np.mean([row[name] for name in row if name.startswith("p ")])
                if share == 0.95:  # beside it: what images counted one by one would have given
                    low, high = wilson(hits.sum(axis=1) / sizes.sum(axis=1), sizes.sum(axis=1))
                    row["one by one, p 0.95"] = np.mean((low <= share) & (share <= high))
                rows.append(row)
    check_shares(rng)
    return pd.DataFrame(rows)


def check_shares(rng):
    sizes = rng.integers(1, 6, (5, 12)).astype(float)
    hits = rng.binomial(sizes.astype(int), 0.7).astype(float)
    low, high = share_intervals(hits, sizes)
    for i in range(5):
        each = [[1] * int(h) + [0] * int(s - h) for h, s in zip(hits[i], sizes[i], strict=True)]
        group = np.repeat(np.arange(12), sizes[i].astype(int))
        found = tk.metrics.clustered_proportion(np.concatenate(each).astype(int), group)
        np.testing.assert_allclose((found.low, found.high), (low[i], high[i]), rtol=1e-9)


def slopes(y, logits, images):
    """Return slopes and intercepts with their limits by Newton steps over all data sets."""
    found = {}
    for name, columns, offset in (
        ("slope", np.stack([np.ones_like(logits), logits], axis=2), 0.0),
        ("intercept", np.ones((*logits.shape, 1)), logits),
    ):
        values = np.zeros((len(y), columns.shape[2]))
        for _ in range(25):
            chance = 1 / (1 + np.exp(-(np.einsum("snk,sk->sn", columns, values) + offset)))
            scores = columns * (y - chance)[..., None]
            curve = np.einsum("snk,snl,sn->skl", columns, columns, chance * (1 - chance))
            values = values + np.linalg.solve(curve, scores.sum(axis=1)[..., None])[..., 0]
        groups = scores.shape[1] // images
        sums = scores.reshape(len(y), groups, images, -1).sum(axis=2)
        bread = np.linalg.inv(curve)
        spread = bread @ np.einsum("sgk,sgl->skl", sums, sums) @ bread * groups / (groups - 1)
        error = np.sqrt(spread[:, -1, -1])
        found[name] = values[:, -1] - Z * error, values[:, -1] + Z * error
    return found


def calibration_table(rng, sets):
    rows = []
    for patients in (50, 100, 200):
        for images in (1, 4):
            own = rng.normal(size=(sets, patients, 1)) * 1.2
            logits = (own + 0.5 * rng.normal(size=(sets, patients, images))).reshape(sets, -1)
            chance = 1 / (1 + np.exp(-(0.3 + 0.8 * logits)))
            y = rng.random(chance.shape) < chance
            low, high = slopes(y, logits, images)["slope"]
            row = {
                "patients": patients,
                "images": images,
                "slope": np.mean((low < 0.8) & (high > 0.8)),
            }
            y = rng.random(chance.shape) < 1 / (1 + np.exp(-(0.3 + logits)))
            low, high = slopes(y, logits, images)["intercept"]
            row["intercept"] = np.mean((low < 0.3) & (high > 0.3))
            rows.append(row)
    check_slopes(rng)
    return pd.DataFrame(rows)


def check_slopes(rng):
    logits = rng.normal(size=(3, 60))
    y = rng.random((3, 60)) < 1 / (1 + np.exp(-logits))
    found = slopes(y, logits, 3)
    for i in range(3):
        p = 1 / (1 + np.exp(-logits[i]))
        one = tk.metrics.calibration(y[i], p, np.repeat(np.arange(20), 3))
        for name, (low, high) in found.items():
            expected = one[name].low, one[name].high
            np.testing.assert_allclose(expected, (low[i], high[i]), rtol=1e-6)


def bootstrap_table(rng, sets, draws=1000):
    """Return the coverage of percentile limits; single images, so that draws are binomial."""
    rows = []
    for m, n in SIZES:
        row = {"images": f"{m} + {n}"}
        sens, spec = 0.8, 0.85
        tp, fp = rng.binomial(m, sens, sets), rng.binomial(n, 1 - spec, sets)
        boot = rng.binomial(m, tp / m, (draws, sets)), rng.binomial(n, fp / n, (draws, sets))
        for name, measure in (("balanced accuracy", _balanced), ("F1", _f1), ("MCC", _mcc)):
            truth = measure(sens * m, (1 - spec) * n, m, n)
            with np.errstate(divide="ignore", invalid="ignore"):
                low, high = np.nanquantile(measure(*boot, m, n), (0.025, 0.975), axis=0)
            row[name] = np.mean((low <= truth + 1e-12) & (truth <= high + 1e-12))
        rows.append(row)
    return pd.DataFrame(rows)


def _balanced(tp, fp, m, n):
    return (tp / m + 1 - fp / n) / 2


def _f1(tp, fp, m, n):
    return 2 * tp / (m + tp + fp)


def _mcc(tp, fp, m, n):
    said = tp + fp
    return (tp * (n - fp) - fp * (m - tp)) / np.sqrt(said * (m + n - said) * 1.0 * m * n)


TABLES = {
    "auc": ("Area under the ROC curve (DeLong, Obuchowski; logit)", area_table),
    "wilson": ("Share of independent images (Wilson), exact", wilson_table),
    "shares": ("Share of images of patients (Wilson, effective sample size)", share_table),
    "precision": ("Average precision (logit, infinitesimal jackknife)", precision_table),
    "calibration": ("Calibration slope and intercept (sandwich)", calibration_table),
    "bootstrap": ("Percentile bootstrap, single images", bootstrap_table),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=4000, help="data sets a cell")
    parser.add_argument("--only", choices=TABLES, action="append", help="these tables only")
    arguments = parser.parse_args()
    for name in arguments.only or TABLES:
        title, table = TABLES[name]
        start = time.process_time()
        found = table(np.random.default_rng(20261130), arguments.sets)
        print(f"\n### {title}\n")
        print("| " + " | ".join(found.columns) + " |")
        print("|" + "---|" * len(found.columns))
        for row in found.itertuples(index=False):
            cells = [f"{v:.3f}" if isinstance(v, float) and c != "alike" else str(v)
                     for c, v in zip(found.columns, row, strict=True)]  # fmt: skip
            print("| " + " | ".join(cells) + " |")
        print(f"\n{arguments.sets} data sets a cell, {time.process_time() - start:.0f} s CPU")


if __name__ == "__main__":
    main()
