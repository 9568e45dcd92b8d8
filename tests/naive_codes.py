"""Slow, obvious twins of the code families around LBP, in plain Python numbers."""

from __future__ import annotations

import statistics

import numpy as np

from tests.naive_lbp import circle, label


def pixels(image, inside, margin):
    """The pixels that count: inside the mask, ``margin`` or more off the border."""
    height, width = image.shape
    for row in range(margin, height - margin):
        for col in range(margin, width - margin):
            if inside[row, col]:
                yield row, col


def bits(hits):
    return sum(int(hit) << k for k, hit in enumerate(hits))


def tie(image, inside):
    return 1e-12 * max(abs(float(value)) for value in image[inside])


def ternary(image, inside, p, r, threshold):
    """The codes of the samples above and of those below, a pair for each pixel that counts."""
    found = []
    for row, col in pixels(image, inside, int(np.ceil(r))):
        steps = [sample - float(image[row, col]) for sample in circle(image, row, col, p, r)]
        found.append((bits(d >= threshold for d in steps), bits(d <= -threshold for d in steps)))
    return np.array(found)


def completed(image, inside, p, r):
    """S, M and C of each pixel that counts; S and M as uniform labels."""
    near, places = tie(image, inside), list(pixels(image, inside, int(np.ceil(r))))
    steps = [
        [sample - float(image[place]) for sample in circle(image, *place, p, r)] for place in places
    ]
    size = statistics.fmean(abs(d) for ring in steps for d in ring)
    level = statistics.fmean(float(value) for value in image[inside])
    return np.array(
        [
            (
                label(bits(d >= -near for d in ring), p, "uniform"),
                label(bits(abs(d) >= size - near for d in ring), p, "uniform"),
                float(image[place]) >= level - near,
            )
            for place, ring in zip(places, steps, strict=True)
        ],
        int,
    )


def pattern_and_variance(image, inside, p, r):
    """The uniform labels of the pixels that count, and the variances of their samples."""
    labels, variances = [], []
    for row, col in pixels(image, inside, int(np.ceil(r))):
        samples = circle(image, row, col, p, r)
        code = bits(sample >= float(image[row, col]) for sample in samples)
        labels.append(label(code, p, "uniform"))
        variances.append(statistics.pvariance(samples))
    return np.array(labels), np.array(variances)


def median(image, side):
    """The median of the window around each pixel; outside, the image goes on mirrored."""
    half, (height, width) = side // 2, image.shape
    mirror = [*range(height), *reversed(range(height))], [*range(width), *reversed(range(width))]
    found = np.zeros(image.shape)
    for row, col in np.ndindex(image.shape):
        found[row, col] = statistics.median(
            float(image[mirror[0][(row + i) % (2 * height)], mirror[1][(col + j) % (2 * width)]])
            for i in range(-half, half + 1)
            for j in range(-half, half + 1)
        )
    return found


def robust(image, inside, p, radii):
    """CI, NI and RD of each pixel that counts, by radius; NI and RD as uniform labels."""
    near, centre, found = tie(image, inside), median(image, 3), []
    before, inner = centre, 0
    for r in radii:
        smooth = median(image, r + 1 if r % 2 == 0 else r)
        places, rows = list(pixels(image, inside, r)), []
        level = statistics.fmean(centre[place] for place in places)
        for place in places:
            ring = circle(smooth, *place, p, r)
            small = circle(before, *place, p, inner)
            mean = statistics.fmean(ring)
            rows.append(
                (
                    centre[place] >= level - near,
                    label(bits(g >= mean - near for g in ring), p, "uniform"),
                    label(
                        bits(g - h >= -near for g, h in zip(ring, small, strict=True)), p, "uniform"
                    ),
                )
            )
        found.append(np.array(rows, int))
        before, inner = smooth, r
    return found
