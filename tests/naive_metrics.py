"""Slow and obvious: every pair of images is looked at."""

from __future__ import annotations

import numpy as np


def won(positive, negative):
    """Return 1 for a pair in the right order, one half for a tie."""
    return 1.0 if positive > negative else 0.5 if positive == negative else 0.0


def auc(y, scores):
    pairs = [
        won(p, n)
        for p, a in zip(scores, y, strict=True)
        if a
        for n, b in zip(scores, y, strict=True)
        if not b
    ]
    return sum(pairs) / len(pairs)


def components(y, scores):
    positives = [s for s, a in zip(scores, y, strict=True) if a]
    negatives = [s for s, a in zip(scores, y, strict=True) if not a]
    v10 = [np.mean([won(p, n) for n in negatives]) for p in positives]
    v01 = [np.mean([won(p, n) for p in positives]) for n in negatives]
    return np.array(v10), np.array(v01)


def delong_covariance(y, a, b):
    """DeLong, DeLong and Clarke-Pearson (1988), equations 4 to 6."""
    (a10, a01), (b10, b01) = components(y, a), components(y, b)
    return np.cov(a10, b10)[0, 1] / len(a10) + np.cov(a01, b01)[0, 1] / len(a01)


def obuchowski(y, scores, groups):
    """Obuchowski (1997), section 2, with sums over clusters written out."""
    y, groups = np.asarray(y, bool), np.asarray(groups)
    area = auc(y, scores)
    v10, v01 = components(y, scores)
    names = list(dict.fromkeys(groups.tolist()))
    x_sum = {g: v10[groups[y] == g].sum() - area * np.sum(groups[y] == g) for g in names}
    y_sum = {g: v01[groups[~y] == g].sum() - area * np.sum(groups[~y] == g) for g in names}
    m, n = len(v10), len(v01)
    held_x, held_y = len(set(groups[y].tolist())), len(set(groups[~y].tolist()))
    s10 = held_x / ((held_x - 1) * m) * sum(x_sum[g] ** 2 for g in names)
    s01 = held_y / ((held_y - 1) * n) * sum(y_sum[g] ** 2 for g in names)
    s11 = len(names) / (len(names) - 1) * sum(x_sum[g] * y_sum[g] for g in names)
    return s10 / m + s01 / n + 2 * s11 / (m * n)
