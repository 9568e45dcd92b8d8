from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from texturekit import draw
from texturekit.draw.ranks import alike
from texturekit.errors import ParameterError


def test_runs_of_methods_that_are_alike_are_the_longest_ones():
    # Demsar (2006), figure 1(a): four methods, difference 1.25
    assert alike([1.964, 2.0, 2.893, 3.143], 1.25) == [(0, 3)]
    assert alike([1.0, 2.0, 2.5, 3.9], 1.25) == [(0, 1), (1, 2)]
    assert alike([1.0, 2.0, 3.0], 1.0) == []  # as far apart as the difference is not less


def test_every_method_stands_in_the_picture_with_its_rank():
    names = [f"m{i}<b>/svm" for i in range(5)]
    svg = draw.critical_differences([3.2, 1.4, 2.0, 4.6, 3.8], names, 1.5)
    texts = [element.text for element in ET.fromstring(svg).iter() if element.text]

    assert sum("<b>/svm" in text for text in texts) == 5
    assert "m1<b>/svm  1.40" in texts
    assert "4.60  m3<b>/svm" in texts
    assert "critical difference 1.50" in texts


def test_a_difference_longer_than_the_scale_is_said():
    svg = draw.critical_differences([1.2, 1.8], ["a", "b"], 1.4)

    assert "critical difference 1.40, longer than the scale" in svg


def test_ranks_want_names():
    with pytest.raises(ParameterError, match="2 ranks and 1 names"):
        draw.critical_differences([1, 2], ["a"], 1)
