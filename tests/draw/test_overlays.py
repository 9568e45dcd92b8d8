"""A map over its picture: where things stand, and what is written beside them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from texturekit.data.placing import Box
from texturekit.draw import overlays
from texturekit.draw.overlays import panel
from texturekit.explanation import Explanation


def explanation(shape=(500, 700), *, label="malignant", mask=None, box=None):
    values = np.zeros(shape, np.float32)
    values[shape[0] // 2 :, shape[1] // 2 :] = 2
    picture = np.full((*shape, 3), 90, np.uint8)
    return Explanation(
        "a", "scans/a.png", label, 0.25, "gradcam", values, values[::9, ::9], picture,
        box or Box(0, 0, *shape), mask, "the whole image", 224,
    )  # fmt: skip


def test_both_pictures_stand_side_by_side_in_their_own_size():
    one = explanation()

    drawn = panel(one)

    top, left = 2 * 16 + 15, 16
    assert_array_equal(drawn[top : top + 500, left : left + 700], one.picture)
    assert_array_equal(drawn[top : top + 500, left + 716 : left + 1416], one.overlay)


@pytest.mark.parametrize("shape", [(8, 8), (9, 300), (300, 9), (3000, 2000), (1, 1)])
def test_every_shape_has_a_legible_size(shape):
    drawn = panel(explanation(shape))

    assert drawn.dtype == np.uint8
    assert max(drawn.shape) < 2400
    assert drawn.shape[0] > 150


def written(monkeypatch, one, **more):
    """The words of a panel, in order."""
    said = []
    monkeypatch.setattr(
        overlays, "_write", lambda draw, place, text, ink, **rest: said.append(text)
    )
    panel(one, **more)
    return " ".join(said)


def test_the_caption_says_what_has_to_be_known(monkeypatch):
    words = written(monkeypatch, explanation(), model="resnet18/finetune", warning="do not trust")

    assert "malignant: probability 0.250" in words
    assert "a.png \N{MIDDLE DOT} gradcam, resnet18/finetune" in words
    assert "seen at 224 x 224 pixels: the whole image." in words
    assert "maximum 2 (this map's own unit)" in words
    assert "Warning: do not trust" in words
    assert "Not a diagnosis." in words


def test_occlusion_says_its_unit_and_no_cells(monkeypatch):
    words = written(monkeypatch, replace(explanation(), method="occlusion"))

    assert "(logit lost where covered)" in words
    assert "cells" not in words
    assert "Warning" not in words


def test_what_was_seen_and_the_region_are_outlined():
    mask = np.zeros((500, 700), bool)
    mask[100:200, 300:400] = True
    one = explanation(mask=mask, box=Box(90, 290, 210, 410))

    drawn = panel(one)[47:547, 16:716].astype(int)

    outline = (drawn == overlays._OUTLINE).all(axis=2)
    assert outline[90, 290:410].all()
    assert outline[100, 300:400].all()
    assert not outline[101:199, 301:399].any()
    assert outline.sum() == 2 * (120 + 118) + 2 * (100 + 98)
    assert (drawn[0, 0] < 40).all()  # not seen: dark


@pytest.mark.parametrize("label", ["Größe μ", "x" * 300, "two\nlines", "naïve\x1b[31m"])
def test_any_name_can_be_drawn(label):
    one = explanation((60, 80), label=label)

    assert_array_equal(panel(one), panel(one))
