from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.report.studies import ready
from texturekit import draw
from texturekit.data.thumbnails import keep
from texturekit.errors import ModelError, ParameterError
from texturekit.features.map_pictures import png
from texturekit.report.album import Album
from texturekit.report.page import render
from texturekit.report.texture_figures import entries, seen

HOSTILE = "</text><script>alert(1)</script>"


def assets(label="benign"):
    from PIL import Image

    files = {}
    names = [keep(files, png(Image.fromarray(np.full((8, 8), k, np.uint8)))) for k in (1, 2)]
    steps = [1 / 64] * 64
    content = [
        {"kind": "image", "title": "Image", "text": "", "label": label, "file": names[0]},
        {"kind": "lbp", "title": "LBP", "text": "Codes.", "label": label, "file": names[1],
         "histogram": [3, 0, 61]},
        {"kind": "histogram", "title": "Grey values", "text": "", "label": label, "images": 7,
         "low": steps, "middle": steps, "high": steps},
    ]  # fmt: skip
    return {**files, "figures.json": json.dumps(content).encode()}


def shown(files):
    album, found = Album(files), entries(files)
    album.add(one["file"] for one in found if "file" in one)
    return seen(found, {}, album)


def test_a_class_has_its_figures_and_a_curve():
    found = shown(assets())

    assert [figure.title for figure in found.classes[0].figures] == ["Image", "LBP"]
    assert found.classes[0].figures[1].alt == "LBP of an image of benign"
    assert found.legend == [("benign", 7, "var(--m0)")]
    assert "<svg" in found.grey


def test_bars_are_as_high_as_their_counts():
    bars = draw.code_bars([3, 0, 61], label="x")

    assert bars.count("M") == 2  # none of height 0
    assert "v-2.36h" in bars  # 3 of 61, of a height of 48
    assert "v-48h" in bars


def test_the_section_stands_in_the_page_and_escapes_labels():
    html = render(replace(ready(), assets={**ready().assets, **assets(HOSTILE)}))

    assert '<section id="texture"' in html
    assert HOSTILE not in html
    assert "&lt;/text&gt;&lt;script&gt;" in html


def test_without_figures_there_is_no_section():
    assert shown({}) is None
    assert '<section id="texture"' not in render(ready())


WORDS = '"title": "", "text": "", "label": ""'


@pytest.mark.parametrize(
    "text",
    ["{", "3", '[{"kind": "lbp"}]', "[1]", '[{"kind": "lbp", ' + WORDS + "}]",
     '[{"kind": "lbp", "file": "x", "histogram": ["<a>"], ' + WORDS + "}]",
     '[{"kind": "histogram", "images": 1, "low": 3, ' + WORDS + "}]"],
)  # fmt: skip
def test_damaged_figures_are_named(text):
    with pytest.raises(ModelError, match=r"figures\.json"):
        entries({"figures.json": text.encode()})


def test_bands_of_different_steps_are_refused():
    with pytest.raises(ParameterError, match="same number"):
        draw.grey_values([draw.Band([1], [1], [1, 2])], name="g", label="x")
