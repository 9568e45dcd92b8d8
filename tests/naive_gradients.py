"""Slow, obvious twins of the gradient features."""

from __future__ import annotations

import math

import numpy as np


def unsigned_angle(down: float, right: float) -> float:
    return float(np.rad2deg(np.arctan2(down, right)) % 180)


def direction_bin(down: float, right: float, orientations: int) -> int:
    angle = unsigned_angle(down, right)
    step = 180 / orientations
    found = [k for k in range(orientations) if step * k <= angle < step * (k + 1)]
    return found[0] if found else -1


def central_differences(image):
    image = np.asarray(image, dtype=np.float64)
    down, right = np.zeros(image.shape), np.zeros(image.shape)
    for r in range(image.shape[0]):
        for c in range(image.shape[1]):
            if 0 < r < image.shape[0] - 1:
                down[r, c] = image[r + 1, c] - image[r - 1, c]
            if 0 < c < image.shape[1] - 1:
                right[r, c] = image[r, c + 1] - image[r, c - 1]
    return down, right


def pooled_votes(image, mask, grid, orientations):
    """Mean gradient length by cell and direction over pixels whose plus-shaped window is inside."""
    down, right = central_differences(image)
    height, width = down.shape
    mask = np.ones(down.shape, bool) if mask is None else mask
    cross = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
    pixels = [
        (r, c)
        for r in range(1, height - 1)
        for c in range(1, width - 1)
        if all(mask[r + i, c + j] for i, j in cross)
    ]
    rows, cols = [r for r, _ in pixels], [c for _, c in pixels]
    tall, wide = max(rows) - min(rows) + 1, max(cols) - min(cols) + 1
    votes = np.zeros((grid, grid, orientations))
    count = np.zeros((grid, grid, 1))
    for r, c in pixels:
        i, j = (r - min(rows)) * grid // tall, (c - min(cols)) * grid // wide
        o = direction_bin(down[r, c], right[r, c], orientations)
        votes[i, j, o] += math.hypot(down[r, c], right[r, c])
        count[i, j] += 1
    return votes / np.maximum(count, 1)


def sobel_vectors(image, mask=None):
    """List (gx, gy) of every pixel whose 3x3 window is inside image and mask."""
    image = np.asarray(image, dtype=np.float64)
    kernel = np.outer([1, 2, 1], [-1, 0, 1])
    found = []
    for r in range(1, image.shape[0] - 1):
        for c in range(1, image.shape[1] - 1):
            window = (slice(r - 1, r + 2), slice(c - 1, c + 2))
            if mask is None or mask[window].all():
                found.append(((image[window] * kernel).sum(), (image[window] * kernel.T).sum()))
    return np.array(found)


def otsu_share(counts):
    """Share of values above the cut with the largest variance between classes, by trying all."""
    places, counts = np.arange(counts.size), np.asarray(counts, float)
    best, share = 0.0, 0.0
    for cut in range(1, counts.size):
        low, high = counts[:cut].sum(), counts[cut:].sum()
        if low and high:
            apart = (places[:cut] @ counts[:cut]) / low - (places[cut:] @ counts[cut:]) / high
            if low * high * apart**2 > best:
                best, share = low * high * apart**2, high / (low + high)
    return share


def entropy(shares):
    return -sum(p * math.log2(p) for p in shares if p > 0)


def sobel_statistics(image, mask=None):
    from scipy import stats

    gx, gy = sobel_vectors(image, mask).T
    m = np.hypot(gx, gy)
    angle = np.arctan2(gy, gx)
    bins = np.round(np.rad2deg(angle) % 180 / 22.5).astype(int) % 8
    shares = np.array([m[bins == k].sum() for k in range(8)]) / m.sum()
    common = (m * np.exp(2j * angle)).sum()
    tensor = np.array([[gx @ gx, gx @ gy], [gx @ gy, gy @ gy]])
    small, large = np.linalg.eigvalsh(tensor)
    scaled = m / m.max()
    return {
        "mean": m.mean(),
        "std": m.std(),
        "skewness": stats.skew(m),
        "kurtosis": stats.kurtosis(m),
        "median": np.median(m),
        "p10": np.percentile(m, 10),
        "p90": np.percentile(m, 90),
        "max": m.max(),
        "energy": (m**2).mean(),
        "entropy": entropy(np.bincount(np.minimum((scaled * 32).astype(int), 31)) / m.size),
        "edge_density": otsu_share(np.bincount(np.minimum((scaled * 256).astype(int), 255))),
        **{f"direction.{k}": share for k, share in enumerate(shares)},
        "direction_entropy": entropy(shares),
        "coherence": abs(common) / m.sum(),
        "dominant_cos": (common / abs(common)).real,
        "dominant_sin": (common / abs(common)).imag,
        "mean_gx": abs(gx).mean(),
        "mean_gy": abs(gy).mean(),
        "tensor_ratio": small / large,
    }
