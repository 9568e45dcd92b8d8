from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from torch.utils.data import dataloader

from texturekit.deep.backbones import BACKBONES
from texturekit.deep.loading import batches, decoded
from texturekit.deep.processes import Decoders
from texturekit.errors import ImageError

CARD = BACKBONES["squeezenet1_1"]


class Numbered:
    """Pictures that show their own number; one may be unreadable, one may kill its reader."""

    def __init__(self, count=9, unreadable=None, deadly=None):
        self.count, self.unreadable, self.deadly = count, unreadable, deadly
        self.parent = os.getpid()

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index == self.unreadable:
            raise ImageError(f"'scan{index}.png' cannot be read")
        if index == self.deadly and os.getpid() != self.parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return np.full((32, 32, 3), index, np.uint8)


def test_processes_give_what_threads_give_pass_after_pass():
    pictures, living = Numbered(), Decoders(Numbered(), CARD, 1)

    for order in ([3, 1, 8, 0, 0], [2, 7]):
        here = list(batches(pictures, order, 2, CARD))
        there = list(batches(pictures, order, 2, CARD, living))
        assert [rows for rows, _ in here] == [rows for rows, _ in there]
        for (_, first), (_, second) in zip(here, there, strict=True):
            assert_array_equal(first, second)


def test_unreadable_picture_is_named_and_the_others_come():
    pictures = Numbered(unreadable=4)

    outcomes = dict(decoded(pictures, range(9), CARD, workers=1))

    assert "scan4.png" in str(outcomes[4])
    assert [int(outcomes[index][0, 0, 0]) for index in (3, 5, 8)] == [3, 5, 8]
    with pytest.raises(ImageError, match=r"scan4\.png"):
        list(batches(pictures, range(9), 3, CARD))


def test_death_of_a_process_names_the_picture(monkeypatch):
    # torch looks every 5 seconds whether its processes live
    look = dataloader._MultiProcessingDataLoaderIter._try_get_data
    monkeypatch.setattr(look, "__defaults__", (0.2,))

    with pytest.raises(ImageError, match="a process that decodes pictures died at picture 3"):
        list(batches(Numbered(deadly=3), range(9), 2, CARD, 1))
