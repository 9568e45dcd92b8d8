import numpy as np
import pytest

from texturekit.features.registry import GreyLevels
from texturekit.piece import Lost, Piece, levels_array


def example():
    values = np.array([[1 / 3, -0.0, 1e-300], [np.nan] * 3])
    levels = {"glcm": levels_array([GreyLevels(0.0, 255.0, 32, 30), None])}
    lost = {9: Lost("caf\udce9.png is empty", "unreadable")}
    return Piece(np.array([4, 9]), values, lost, levels, ("ab", "cd\0ef"), {"reading": 0.5})


def test_bytes_hold_everything():
    piece = example()

    back = Piece.from_bytes(piece.to_bytes())

    assert back.rows.tolist() == [4, 9]
    assert back.values.tobytes() == piece.values.tobytes()
    assert (back.lost, back.contents, back.seconds) == (piece.lost, piece.contents, piece.seconds)
    assert list(back.grey_levels()) == [("glcm", 4, GreyLevels(0.0, 255.0, 32, 30))]


def test_no_rows_and_no_columns_are_bytes_too():
    for shape in ((0, 3), (2, 0)):
        piece = Piece(np.arange(shape[0]), np.zeros(shape))

        assert Piece.from_bytes(piece.to_bytes()).values.shape == shape


@pytest.mark.parametrize("keep", [0, 3, 40, -1])
def test_bytes_that_lack_some_are_refused(keep):
    with pytest.raises(ValueError):  # noqa: PT011 - from json or numpy
        Piece.from_bytes(example().to_bytes()[:keep])
