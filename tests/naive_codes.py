"""Slow, obvious twins of the code families around LBP, in plain Python numbers."""

from __future__ import annotations

import numpy as np

from tests.naive_lbp import circle


def pixels(image, inside, margin):
    """The pixels that count: inside the mask, ``margin`` or more off the border."""
    height, width = image.shape
    for row in range(margin, height - margin):
        for col in range(margin, width - margin):
            if inside[row, col]:
                yield row, col


def bits(hits):
    return sum(int(hit) << k for k, hit in enumerate(hits))


def ternary(image, inside, p, r, threshold):
    """The codes of the samples above and of those below, a pair for each pixel that counts."""
    found = []
    for row, col in pixels(image, inside, int(np.ceil(r))):
        steps = [sample - float(image[row, col]) for sample in circle(image, row, col, p, r)]
        found.append((bits(d >= threshold for d in steps), bits(d <= -threshold for d in steps)))
    return np.array(found)
