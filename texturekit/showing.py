"""The pictures that a run folder keeps: thumbnails, what texture sees in them, and figures."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.data.choices import memberships, representatives
from texturekit.data.thumbnails import as_json, keep, thumbnail, thumbnails
from texturekit.errors import ImageError
from texturekit.features.map_pictures import chosen, overlays, picture, png
from texturekit.features.maps import maps
from texturekit.images import to_grey
from texturekit.metrics.showcase import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from texturekit.data.pictures import Pictures
    from texturekit.features.maps import Map
    from texturekit.records import Kind

FIGURES = "figures.json"
_MAPPED = 120  # images with texture maps
_CLASSES, _SIDE = 4, 128  # of the figures: classes, and pixels of a picture's long side
_BINS, _READ, _CURVES = 64, 160, 8  # of pixel values: bins, images read, and most classes
# What is drawn of one image a class: the family, its heading, and what it shows.
_SEEN = (
    ("glcm", "GLCM", "How often two grey levels are neighbours: dark violet rarely, yellow often, "
     "black never. Level of a pixel downwards, of its neighbour to the right."),
    ("hog", "HOG", "Directions of edges in each cell; the brighter, the stronger."),
    ("sobel", "Sobel", "Strength of edges; the brightest percent is white."),
    ("lbp", "LBP", "Which of 8 neighbours are at least as bright as the pixel; uniform labels."),
    ("mean_lbp", "Mean LBP", "Which of 8 neighbours reach the mean of their 3 x 3 window. Mean, "
     "median and variance together are MVM-LBP."),
    ("median_lbp", "Median LBP", "Which of 8 neighbours reach the median of their window."),
    ("variance_lbp", "Variance LBP", "Which of 8 neighbours lie at least one standard deviation "
     "from the mean of their window."),
    ("mbp", "MBP", "Which of the 9 pixels of a window reach its median."),
)  # fmt: skip


def assets(
    pictures: Pictures,
    predictions: pd.DataFrame,
    *,
    kind: Kind,
    classes: Sequence[str],
    positive: str | None,
    first: str | None = None,
    cams: Mapping[str, Mapping[str, bytes]] | None = None,
) -> dict[str, bytes]:
    """Return the pictures of a study by file name, with ``assets.json`` and ``figures.json``.

    Parameters
    ----------
    pictures : Pictures
        Images as the methods saw them.
    predictions : pandas.DataFrame
        Of all methods, as in ``predictions.parquet``.
    kind, classes, positive
        What the labels are.
    first : str, optional
        The method whose cases come first.
    cams : mapping, optional
        By method and image id: a PNG of what spoke for its answer.

    Returns
    -------
    dict of bytes
        See `texturekit.data.thumbnails.thumbnails` and `figures`.
    """
    wanted = _wanted(predictions, first, kind=kind, classes=classes, positive=positive)
    rows = representatives(pictures.manifest, wanted)
    known = thumbnails(pictures, rows, cams=cams, draw=overlays, drawn=_MAPPED)
    return {**known, **figures(pictures)}


def _wanted(
    predictions: pd.DataFrame,
    first: str | None,
    *,
    kind: Kind,
    classes: Sequence[str],
    positive: str | None,
) -> Iterator[str]:
    """Yield the ids of the cases of the first method, then those of all others in turn."""
    tested = predictions[predictions["split"] == "test"]
    lists: dict[object, list[str]] = {}
    for name, frame in tested.groupby("method", sort=True):
        once = frame[frame["repeat"] == frame["repeat"].min()]
        lists[name] = shown(once, kind=kind, classes=classes, positive=positive)
    yield from lists.pop(first, [])
    for several in zip_longest(*lists.values()):
        yield from (name for name in several if name is not None)


def figures(pictures: Pictures) -> dict[str, bytes]:
    """Draw what texture sees in the first image of each class, and the grey values of all classes.

    Parameters
    ----------
    pictures : Pictures

    Returns
    -------
    dict of bytes
        PNG by file name, and ``figures.json``: a list of ``{kind, title, text, label, file}``. Code
        images have their ``histogram``, pixels by code. Entries of the kind ``histogram`` have no
        file, but ``images`` and ``low, middle, high``: the quartiles over images of the share of
        their pixels in each of 64 steps of grey.

    Examples
    --------
    >>> from texturekit.data.pictures import Pictures
    >>> sorted(figures(Pictures(tk.load_task("breast"), size=32)))[-1]
    'figures.json'
    """
    manifest = pictures.manifest
    members = memberships(manifest)
    files: dict[str, bytes] = {}
    entries: list[dict[str, Any]] = []
    for k, name in enumerate(manifest.classes[:_CLASSES]):
        rows = np.flatnonzero(members[:, k])
        if len(rows):
            entries += _of_image(pictures, int(rows[0]), name, files)
    for k, name in enumerate(manifest.classes[:_CURVES]):
        rows = np.flatnonzero(members[:, k])
        if len(rows):
            entries.append(_grey_values(pictures, rows, name, min(len(manifest.classes), _CURVES)))
    return {**files, FIGURES: as_json(entries)} if entries else {}


def _of_image(
    pictures: Pictures, row: int, label: str, files: dict[str, bytes]
) -> list[dict[str, Any]]:
    """Draw the image of a row as every family sees it."""
    image, mask = pictures.region(row)
    file = keep(files, thumbnail(pictures, row))
    entries: list[dict[str, Any]] = [
        {"kind": "image", "title": "Image", "text": "", "label": label, "file": file}
    ]
    for family, title, text in _SEEN:
        try:
            one = chosen(maps(family, image, mask))
        except ImageError:  # too small for a family that was perhaps not even asked for
            continue
        file = keep(files, png(picture(one, image.shape[:2], mask, side=_SIDE)))
        entry = {"kind": family, "title": title, "text": text, "label": label, "file": file}
        entries.append({**entry, "histogram": _counts(one)} if one.kind == "codes" else entry)
    return entries


def _counts(one: Map) -> list[int]:
    """Return how many pixels have each code."""
    known = one.values[np.isfinite(one.values)].astype(np.int64)
    return [int(count) for count in np.bincount(known)]


def _grey_values(
    pictures: Pictures, rows: NDArray[np.int64], label: str, classes: int
) -> dict[str, Any]:
    """Return the quartiles, over images spread evenly over a class, of their shares by grey."""
    most = max(1, _READ // classes)
    read = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), most)).round().astype(int))]
    shares = []
    for row in read.tolist():
        grey = to_grey(pictures.view(row, 160)).ravel()
        counts = np.bincount(grey.astype(np.int64) * _BINS // 256, minlength=_BINS)
        shares.append(counts / counts.sum())
    low, middle, high = np.quantile(np.array(shares), (0.25, 0.5, 0.75), axis=0).round(5).tolist()
    return {
        "kind": "histogram", "title": "Grey values", "label": label, "images": len(read),
        "text": "Share of pixels by grey value.", "low": low, "middle": middle, "high": high,
    }  # fmt: skip
