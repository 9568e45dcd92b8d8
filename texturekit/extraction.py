"""From images to the measurement table: texture, embedding and file-fact columns alike."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

import texturekit
from texturekit.data.known_rows import known_rows
from texturekit.data.pictures import Pictures
from texturekit.deep.backbones import BACKBONES
from texturekit.errors import ImageError, ParameterError, printable
from texturekit.features import FEATURES, columns
from texturekit.features.grammar import Part, parse_parts
from texturekit.features.registry import GreyLevels
from texturekit.measurement import Lost, measure_pictures
from texturekit.outputs import check_output
from texturekit.parts import part_columns, part_kind, pieces
from texturekit.table import Table, check_table_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.deep.weights import Weights


_NET_SIZE = 224


@dataclass(frozen=True)
class Representations:
    """What was computed of some images, by family, baseline or backbone.

    Attributes
    ----------
    usable : (m,) intp
        Rows of the manifest that every part could measure.
    blocks : dict of (m, d) float64
        Finite values of these rows, by part.
    lost : dict of Lost
        Why the other rows could not be used.
    weights : dict of str
        Label of each backbone's weights.
    seconds : dict of float
        What each part took, summed over threads; ``"reading"`` for decoding and resizing.
    levels : dict of dict of GreyLevels
        How the rows of the manifest were reduced to grey levels, by part and variant, then row.
    """

    usable: NDArray[np.intp]
    blocks: dict[str, NDArray[np.float64]]
    lost: dict[int, Lost]
    weights: dict[str, str]
    seconds: dict[str, float]
    levels: dict[str, dict[int, GreyLevels]] = field(default_factory=dict)


def represent(
    manifest: Manifest,
    parts: Iterable[Part],
    *,
    jobs: int = 1,
    size: int | None = None,
    roi: str = "mask",
    weights: str | Path = "auto",
    device: str = "auto",
    seed: int = 0,
    fail_fast: bool = False,
) -> Representations:
    """Compute every part of some images; see `extract` for the parameters.

    Raises
    ------
    ImageError
        If no image can be used, or at the first bad one with ``fail_fast``.
    WeightsError
        If a backbone's weights cannot be had; before any image is read.
    """
    if jobs < 1:
        raise ParameterError(f"jobs={jobs}, but it takes at least one thread; give 1 or more.")
    wanted = pieces(parts)
    nets = {part.name: _weights(part.name, weights, seed) for part in wanted if _is_net(part)}
    measured = tuple(part for part in wanted if not _is_net(part))
    pictures = Pictures(manifest, size=size, roi=roi)
    found = measure_pictures(pictures, measured, jobs=jobs, fail_fast=fail_fast)
    lost, seconds = found.lost, found.seconds
    usable = np.setdiff1d(np.arange(len(manifest)), list(lost)).astype(np.intp)
    if len(usable) == 0:
        raise ImageError(_all_lost(manifest, lost))
    blocks = {name: values[usable] for name, values in found.blocks.items()}
    squares = Pictures(manifest.subset(usable), size=size or _NET_SIZE, roi=roi)
    for name, net in nets.items():
        from texturekit.deep.embedding import embed

        start = time.perf_counter()
        blocks[name] = embed(squares, name, weights=net, device=device, seed=seed).values
        seconds[name] = time.perf_counter() - start
    labels = {name: net.label for name, net in nets.items()}
    return Representations(usable, blocks, lost, labels, seconds, found.levels)


def _is_net(part: Part) -> bool:
    return part.name in BACKBONES


def _weights(backbone: str, weights: str | Path, seed: int) -> Weights:
    from texturekit.deep.networks import check_weights

    return check_weights(backbone, weights, seed=seed)


def extract(
    manifest: Manifest,
    features: str | Iterable[Part] = "texture",
    *,
    jobs: int = 1,
    size: int | None = None,
    roi: str = "mask",
    weights: str | Path = "auto",
    device: str = "auto",
    seed: int = 0,
    fail_fast: bool = False,
    out: str | Path | None = None,
    overwrite: bool = False,
) -> Table:
    """Measure every image of a manifest.

    Parameters
    ----------
    manifest : Manifest
        The images; see `texturekit.read_manifest`, `texturekit.scan_folder`.
    features : str, default "texture"
        Families, sets and backbones joined by ``+``: ``"glcm(levels=64)+lbp+resnet18"``.
    jobs : int, default 1
        Threads that measure side by side; the values do not depend on it.
    size : int, optional
        Long side in pixels that images are resized to, aspect kept; ``None`` measures texture at
        native resolution and gives nets 224.
    roi : {"mask", "crop", "none"}, default "mask"
        What masks do: measure inside them, measure their box with 10% margin, or nothing.
    weights : str, default "auto"
        ``"auto"``, ``"pretrained"``, ``"none"`` or the path of a weight file, for backbones.
    device : {"auto", "cpu", "cuda"}, default "auto"
    seed : int, default 0
        Seed of random weights.
    fail_fast : bool, default False
        Stop at the first image that cannot be measured.
    out : str or Path, optional
        ``.parquet`` or ``.csv`` file to write.
    overwrite : bool, default False
        Whether ``out`` may be replaced.

    Returns
    -------
    Table
        One row an image; an image that cannot be measured has its reason in ``failures``.

    Raises
    ------
    UnknownNameError, ParameterError
        If ``features`` cannot be understood.
    ImageError
        If no image could be measured, or the first bad one with ``fail_fast``.
    OutputError
        If ``out`` exists or cannot be written.
    """
    if out is not None:
        check_output(check_table_path(out), overwrite=overwrite)
    parts = pieces(parse_parts(features) if isinstance(features, str) else features)
    names = _column_names(parts)
    if fail_fast:
        _refuse_lost_rows(manifest)
    found = represent(
        manifest, parts, jobs=jobs, size=size, roi=roi, weights=weights, device=device, seed=seed,
        fail_fast=fail_fast,
    )  # fmt: skip
    errors = [found.lost[i].error if i in found.lost else None for i in range(len(manifest))]
    table = Table(
        rows=known_rows(manifest, errors, _level_columns(found.levels, len(manifest))),
        columns=names,
        values=np.hstack([found.blocks[str(part)] for part in parts]),
        metadata=_metadata(manifest, parts, size=size, roi=roi, weights=found.weights),
    )
    if out is None:
        return table
    return replace(table, path=table.write(out, overwrite=overwrite))


def _column_names(parts: tuple[Part, ...]) -> tuple[str, ...]:
    texture = tuple(part for part in parts if part_kind(part) == "texture")
    columns(texture)  # refuses parts that give one column twice
    return tuple(name for part in parts for name in part_columns(part))


def _level_columns(
    levels: dict[str, dict[int, GreyLevels]], total: int
) -> dict[str, list[float | None]]:
    """Return what the grey levels of each image were, null where it was not measured."""
    found: dict[str, list[float | None]] = {}
    for name, rows in levels.items():
        for field_of in fields(GreyLevels):
            found[f"{name}.levels.{field_of.name}"] = [
                float(getattr(rows[i], field_of.name)) if i in rows else None for i in range(total)
            ]
    return found


def _refuse_lost_rows(manifest: Manifest) -> None:
    for skip in manifest.skipped:
        if skip.kind != "ignored":
            raise ImageError(f"{skip.path}: {skip.reason}")


def _all_lost(manifest: Manifest, lost: dict[int, Lost]) -> str:
    reasons = [one.error for one in lost.values()] or [s.reason for s in manifest.skipped]
    first = reasons[0] if reasons else "there are no images"
    return (
        f"none of the {manifest.found} images of {manifest.source} can be used; mend or replace "
        f"them. The first: {first}"
    )


def _metadata(
    manifest: Manifest,
    parts: tuple[Part, ...],
    *,
    size: int | None,
    roi: str,
    weights: dict[str, str],
) -> dict[str, Any]:
    return {
        "texturekit": texturekit.__version__,
        "families": {
            str(part): {**FEATURES[part.name].defaults, **dict(part.parameters)}
            for part in parts
            if part.name in FEATURES
        },
        "backbones": weights,
        "size": size,
        "roi": roi if "mask" in manifest.frame.columns else "none",
        "source": printable(manifest.source),
        "source_sha256": manifest.sha256,
    }
