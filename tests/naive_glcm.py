"""Slow and obvious: co-occurrence matrices and their statistics, straight from the definitions."""

import math

import numpy as np


def count_pairs(image, offset, levels, mask=None):
    """Counts (levels, levels) of pixels (i) and their neighbours (j) at (rows, cols)."""
    counts = np.zeros((levels, levels))
    height, width = image.shape
    for r in range(height):
        for c in range(width):
            y, x = r + offset[0], c + offset[1]
            if not (0 <= y < height and 0 <= x < width):
                continue
            if mask is not None and not (mask[r, c] and mask[y, x]):
                continue
            counts[image[r, c], image[y, x]] += 1
    return counts


def entropy(p):
    p = p[p > 0]
    return -(p * np.log2(p)).sum()


def statistics(matrix):
    """All statistics of a matrix that is not degenerate, level 1 first."""
    p = matrix / matrix.sum()
    n = len(p)
    i, j = np.mgrid[1 : n + 1, 1 : n + 1]
    far, level_sum = abs(i - j), i + j
    p_far = np.array([p[far == k].sum() for k in range(n)])
    p_sum = np.array([p[level_sum == k].sum() for k in range(2, 2 * n + 1)])
    k_far, k_sum = np.arange(n), np.arange(2, 2 * n + 1)
    mu_i, mu_j = (i * p).sum(), (j * p).sum()
    var_i, var_j = ((i - mu_i) ** 2 * p).sum(), ((j - mu_j) ** 2 * p).sum()
    p_i, p_j = p.sum(1), p.sum(0)
    product = np.outer(p_i, p_j)
    seen = p > 0
    hxy, hxy1, hxy2 = entropy(p), -(p[seen] * np.log2(product[seen])).sum(), entropy(product)
    q = np.array(
        [
            [
                sum(p[a, k] * p[b, k] / (p_i[a] * p_j[k]) for k in range(n) if p_j[k] > 0)
                for b in range(n)
                if p_i[b] > 0
            ]
            for a in range(n)
            if p_i[a] > 0
        ]
    )
    off = far > 0
    return {
        "joint_maximum": p.max(),
        "joint_average": mu_i,
        "joint_variance": var_i,
        "joint_entropy": hxy,
        "difference_average": (k_far * p_far).sum(),
        "difference_variance": ((k_far - (k_far * p_far).sum()) ** 2 * p_far).sum(),
        "difference_entropy": entropy(p_far),
        "sum_average": (k_sum * p_sum).sum(),
        "sum_variance": ((k_sum - (k_sum * p_sum).sum()) ** 2 * p_sum).sum(),
        "sum_entropy": entropy(p_sum),
        "asm": (p**2).sum(),
        "energy": math.sqrt((p**2).sum()),
        "contrast": (far**2 * p).sum(),
        "dissimilarity": (far * p).sum(),
        "inverse_difference": (p / (1 + far)).sum(),
        "inverse_difference_normalised": (p / (1 + far / n)).sum(),
        "idm": (p / (1 + far**2)).sum(),
        "homogeneity": (p / (1 + far**2)).sum(),
        "idm_normalised": (p / (1 + far**2 / n**2)).sum(),
        "inverse_variance": (p[off] / far[off] ** 2).sum(),
        "correlation": ((i - mu_i) * (j - mu_j) * p).sum() / math.sqrt(var_i * var_j),
        "autocorrelation": (i * j * p).sum(),
        "cluster_tendency": ((level_sum - mu_i - mu_j) ** 2 * p).sum(),
        "cluster_shade": ((level_sum - mu_i - mu_j) ** 3 * p).sum(),
        "cluster_prominence": ((level_sum - mu_i - mu_j) ** 4 * p).sum(),
        "imc1": (hxy - hxy1) / max(entropy(p_i), entropy(p_j)),
        "imc2": math.sqrt(max(0, 1 - math.exp(-2 * (hxy2 - hxy)))),
        "max_correlation_coefficient": math.sqrt(sorted(np.linalg.eigvals(q).real)[-2]),
    }
