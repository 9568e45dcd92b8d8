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


def pyradiomics(matrix):
    """The 24 features as in radiomics/glcm.py of PyRadiomics 3.1, of one symmetric matrix."""
    eps = np.spacing(1)
    n = len(matrix)
    grey = np.flatnonzero(matrix.any(axis=1)) + 1.0
    p = matrix[np.ix_(grey.astype(int) - 1, grey.astype(int) - 1)] / matrix.sum()
    i, j = np.meshgrid(grey, grey, indexing="ij")
    p_x, p_y = p.sum(1, keepdims=True), p.sum(0, keepdims=True)
    u_x, u_y = (i * p).sum(), (j * p).sum()
    k_sum, k_far = np.arange(2, 2 * n + 1), np.arange(n)
    plus = np.array([p[i + j == k].sum() for k in k_sum])
    minus = np.array([p[abs(i - j) == k].sum() for k in k_far])
    log = lambda x: np.log2(x + eps)  # noqa: E731 (as short as the formulas)
    h_xy, h_x, h_y = -(p * log(p)).sum(), -(p_x * log(p_x)).sum(), -(p_y * log(p_y)).sum()
    h_xy1, h_xy2 = -(p * log(p_x * p_y)).sum(), -(p_x * p_y * log(p_x * p_y)).sum()
    s_x, s_y = ((i - u_x) ** 2 * p).sum() ** 0.5, ((j - u_y) ** 2 * p).sum() ** 0.5
    q = np.einsum("ik,jk,ik->ij", p, p, 1 / (p_x * p_y + eps))
    far = (k_far * minus).sum()
    return {
        "autocorrelation": (p * i * j).sum(),
        "jointaverage": u_x,
        "clusterprominence": (p * (i + j - u_x - u_y) ** 4).sum(),
        "clustershade": (p * (i + j - u_x - u_y) ** 3).sum(),
        "clustertendency": (p * (i + j - u_x - u_y) ** 2).sum(),
        "contrast": (p * (i - j) ** 2).sum(),
        "correlation": (p * (i - u_x) * (j - u_y)).sum() / (s_x * s_y + eps) if s_x * s_y else 1,
        "differenceaverage": far,
        "differenceentropy": -(minus * log(minus)).sum(),
        "differencevariance": (minus * (k_far - far) ** 2).sum(),
        "jointenergy": (p**2).sum(),
        "jointentropy": h_xy,
        "imc1": (h_xy - h_xy1) / max(h_x, h_y) if max(h_x, h_y) > eps * 2 else 0,
        "imc2": max(0.0, 1 - math.e ** (-2 * (h_xy2 - h_xy))) ** 0.5,
        "idm": (minus / (1 + k_far**2)).sum(),
        "mcc": np.sort(np.linalg.eigvals(q).real)[-2] ** 0.5 if len(grey) > 1 else 1,
        "idmn": (minus / (1 + k_far**2 / n**2)).sum(),
        "id": (minus / (1 + k_far)).sum(),
        "idn": (minus / (1 + k_far / n)).sum(),
        "inversevariance": (minus[1:] / k_far[1:] ** 2).sum(),
        "maximumprobability": p.max(),
        "sumaverage": (k_sum * plus).sum(),
        "sumentropy": -(plus * log(plus)).sum(),
        "sumsquares": (p * (i - u_x) ** 2).sum(),
    }


def mahotas(matrix):
    """The 13 features as in mahotas/features/texture.py of mahotas 1.4, of one symmetric matrix."""
    p = matrix / matrix.sum()
    n = len(p)
    i, j = np.mgrid[:n, :n]
    k_sum, k_far = np.arange(2 * n), np.arange(n)
    plus = np.array([p[i + j == k].sum() for k in k_sum])
    minus = np.array([p[abs(i - j) == k].sum() for k in k_far])
    p_x = p.sum(0)
    u, v = (p_x * k_far).sum(), (p_x * k_far**2).sum() - (p_x * k_far).sum() ** 2
    cross = np.outer(p_x, p_x)
    seen = cross > 0
    h_xy1 = -(p[seen] * np.log2(cross[seen])).sum()
    h_x, h_xy = entropy(p_x), entropy(p)
    return {
        "angular_second_moment": (p**2).sum(),
        "contrast": (k_far**2 * minus).sum(),
        "correlation": ((i * j * p).sum() - u * u) / v if v else 1,
        "sum_of_squares_variance": v,
        "inverse_difference_moment": (p / (1 + (i - j) ** 2)).sum(),
        "sum_average": (k_sum * plus).sum(),
        "sum_variance": (k_sum**2 * plus).sum() - (k_sum * plus).sum() ** 2,
        "sum_entropy": entropy(plus),
        "entropy": h_xy,
        "difference_variance": minus.var(),
        "difference_entropy": entropy(minus),
        "information_measure_of_correlation_1": (h_xy - h_xy1) / h_x if h_x else 0,
        "information_measure_of_correlation_2": max(0, 1 - np.exp(-2 * (entropy(cross) - h_xy)))
        ** 0.5,
    }


def skimage(matrix):
    """The ten properties as in skimage/feature/texture.py of scikit-image 0.26."""
    p = matrix / matrix.sum()
    i, j = np.mgrid[: len(p), : len(p)]
    mean = (i * p).sum()
    variance, mean_j = ((i - mean) ** 2 * p).sum(), (j * p).sum()
    deviation = (variance * ((j - mean_j) ** 2 * p).sum()) ** 0.5
    covariance = ((i - mean) * (j - mean_j) * p).sum()
    return {
        "contrast": ((i - j) ** 2 * p).sum(),
        "dissimilarity": (abs(i - j) * p).sum(),
        "homogeneity": (p / (1 + (i - j) ** 2)).sum(),
        "asm": (p**2).sum(),
        "energy": (p**2).sum() ** 0.5,
        "correlation": covariance / deviation if deviation > 1e-15 else 1,
        "mean": mean,
        "variance": variance,
        "std": variance**0.5,
        "entropy": -(p[p > 0] * np.log(p[p > 0])).sum(),
    }
