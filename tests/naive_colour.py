"""Slow, obvious colour statistics, with the conversions of the standard library and of CIE."""

import cmath
import colorsys
import math

import numpy as np

RANGES = {"lightness": (0, 100), "a": (-110, 110), "b": (-110, 110)}


def lab(red, green, blue):
    """Return CIE L*a*b* of an sRGB colour in 0..1, seen in daylight D65."""

    def light(v):
        return ((v + 0.055) / 1.055) ** 2.4 if v > 0.04045 else v / 12.92

    def f(t):
        return t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116

    r, g, b = light(red), light(green), light(blue)
    x = f((0.412453 * r + 0.357580 * g + 0.180423 * b) / 0.95047)
    y = f(0.212671 * r + 0.715160 * g + 0.072169 * b)
    z = f((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def histogram(values, weights, bins, low, high):
    found = [0.0] * bins
    for value, weight in zip(values, weights, strict=True):
        found[min(int((value - low) * (bins / (high - low))), bins - 1)] += weight
    return [v / (sum(weights) or 1) for v in found]


def statistics(pixels, bins=8):
    """Return the values of the family, by name, of colours in 0..1, (n, 3)."""
    from scipy import stats

    planes = {name: [] for name in ("red", "green", "blue", "hue", "saturation", "value",
                                    "lightness", "a", "b")}  # fmt: skip
    vectors = []
    for red, green, blue in np.asarray(pixels, float).tolist():
        colour = (red, green, blue, *colorsys.rgb_to_hsv(red, green, blue), *lab(red, green, blue))
        for name, value in zip(planes, colour, strict=True):
            planes[name].append(value)
        vectors.append(
            red + green * cmath.exp(2j * math.pi / 3) + blue * cmath.exp(4j * math.pi / 3)
        )
    found = {}
    for name, values in planes.items():
        if name != "hue":
            found[f"mean.{name}"] = np.mean(values)
            found[f"std.{name}"] = np.std(values)
            found[f"skewness.{name}"] = stats.skew(values)
        chroma = [abs(v) for v in vectors]
        weights = chroma if name == "hue" else [1.0] * len(values)
        shares = histogram(values, weights, bins, *RANGES.get(name, (0, 1)))
        found |= {f"histogram.{name}.{k:02d}": share for k, share in enumerate(shares)}
    common = sum(vectors) / sum(chroma)
    found |= {"hue.cos": common.real, "hue.sin": common.imag, "hue.concentration": abs(common)}
    red, green, blue = (255 * np.array(planes[name]) for name in ("red", "green", "blue"))
    rg, yb = red - green, (red + green) / 2 - blue
    found["colourfulness"] = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    return found
