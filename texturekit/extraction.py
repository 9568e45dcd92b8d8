"""From images to the measurement table: texture, embedding and file-fact columns alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import texturekit
from texturekit import events
from texturekit.data.identity import manifest_parameters
from texturekit.data.known_rows import known_rows
from texturekit.data.pictures import Pictures
from texturekit.deep.backbones import BACKBONES
from texturekit.deep.kept import kept_folder
from texturekit.errors import ImageError, printable
from texturekit.execution import How, Tally, measured
from texturekit.features import FEATURES, columns
from texturekit.features.grammar import Part, parse_parts
from texturekit.measurement import Work
from texturekit.outputs import check_output
from texturekit.parts import part_columns, part_kind, pieces
from texturekit.storing import NothingUsable, level_columns, skipped, store
from texturekit.table import Table, check_table_path
from texturekit.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.deep.weights import Weights
    from texturekit.piece import Lost


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
    levels : dict of (n, 4) float64
        How the rows of the manifest were reduced to grey levels (low, high, count, occupied), by
        part and variant; NaN where they were not.
    notes : tuple of str
        What is worth knowing of the files, and of what nets do not see of them.
    """

    usable: NDArray[np.intp]
    blocks: dict[str, NDArray[np.float64]]
    lost: dict[int, Lost]
    weights: dict[str, str]
    seconds: dict[str, float]
    levels: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def represent(
    manifest: Manifest,
    parts: Iterable[Part],
    *,
    jobs: int = 1,
    size: int | None = None,
    roi: str = "mask",
    window: str = "auto",
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
    wanted = pieces(parts)
    work = _work(
        wanted, size=size, roi=roi, window=window, weights=weights, device=device, seed=seed
    )
    return _in_memory(manifest, work, How(jobs=jobs, fail_fast=fail_fast))[0]


def _work(
    parts: tuple[Part, ...],
    *,
    size: int | None,
    roi: str,
    window: str,
    weights: str | Path,
    device: str,
    seed: int,
    hashed: bool = False,
) -> Work:
    nets = {part.name: _weights(part.name, weights, seed) for part in parts if _is_net(part)}
    rule, kept = Window.of(window).rule, kept_folder() if nets else None
    if kept is not None:
        events.note("embedding", f"embeddings are kept in {kept}")
    return Work(
        parts, size, roi, nets, device, seed, hashed, rule, None if kept is None else str(kept)
    )


def work_of(
    parts: Iterable[Part],
    *,
    size: int | None,
    roi: str,
    window: str,
    weights: str | Path,
    device: str,
    seed: int,
) -> Work:
    """Return what `represent` measures of every image, for those who measure by themselves.

    Raises
    ------
    WeightsError
        If a backbone's weights cannot be had.
    """
    return _work(
        pieces(parts), size=size, roi=roi, window=window, weights=weights, device=device, seed=seed
    )


def _in_memory(
    manifest: Manifest, work: Work, how: How
) -> tuple[Representations, NDArray[np.float64], list[str]]:
    """Return everything, all columns of the usable rows, and what the files' bytes were."""
    Pictures(manifest, size=work.size, roi=work.roi)  # refuses what cannot be asked
    total = len(manifest)
    slices = work.columns
    values = np.full((total, max((s.stop for s in slices.values()), default=0)), np.nan)
    lost: dict[int, Lost] = {}
    levels: dict[str, NDArray[np.float64]] = {}
    contents = [""] * total
    seconds = dict.fromkeys(["reading", *slices], 0.0)
    tally = Tally()
    for piece in measured(manifest, np.arange(total), work, how):
        values[piece.rows] = piece.values
        lost |= piece.lost
        tally.add(piece)
        for name, some in piece.levels.items():
            levels.setdefault(name, np.full((total, 4), np.nan))[piece.rows] = some
        for row, content in zip(piece.rows.tolist(), piece.contents, strict=False):
            contents[row] = content
        for name, took in piece.seconds.items():
            seconds[name] += took
    tally.warn()
    usable = np.setdiff1d(np.arange(total), list(lost)).astype(np.intp)
    if len(usable) == 0:
        reasons = [one.error for _, one in sorted(lost.items())]
        raise ImageError(_all_lost(manifest, reasons[0] if reasons else None))
    labels = {name: net.label for name, net in work.weights.items()}
    if len(usable) < total:
        values = values[usable]
    blocks = {name: values[:, columns_of] for name, columns_of in slices.items()}
    notes = tuple(text for text, _ in tally.notes.sentences())
    found = Representations(usable, blocks, lost, labels, seconds, levels, notes)
    return found, values, contents


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
    window: str = "auto",
    weights: str | Path = "auto",
    device: str = "auto",
    seed: int = 0,
    fail_fast: bool = False,
    out: str | Path | None = None,
    overwrite: bool = False,
    partitioned: bool = False,
    timeout: float = 60.0,
    scheduler: str | None = None,
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
    window : str, default "auto"
        Which values nets see as black and white: ``"auto"``, ``"full"``, ``"dtype"`` or
        ``"-160:240"``; see `texturekit.windows.Window`. Texture is measured on the pixels.
    weights : str, default "auto"
        ``"auto"``, ``"pretrained"``, ``"none"`` or the path of a weight file, for backbones.
    device : {"auto", "cpu", "cuda"}, default "auto"
    seed : int, default 0
        Seed of random weights.
    fail_fast : bool, default False
        Stop at the first image that cannot be measured.
    out : str or Path, optional
        ``.parquet`` or ``.csv`` file to write while images are measured. What is done is kept in
        ``<out>.partial`` until it is whole; the same call goes on from there.
    overwrite : bool, default False
        Whether ``out`` may be replaced, and an unfinished run with other parameters thrown away.
    partitioned : bool, default False
        Make ``out`` a folder of files of 65,536 rows.
    timeout : float, default 60
        Seconds that an image may take; then it counts as failed. Not for fewer than 200 images
        without ``out``: these are measured in this process.
    scheduler : str, optional
        Measure on a Dask cluster: ``"tcp://host:port"``, or ``"local:N"`` for N processes here.

    Returns
    -------
    Table
        One row an image; an image that cannot be measured has its reason in ``failures``. With
        ``out`` the values stay in the file until they are asked for.

    Raises
    ------
    UnknownNameError, ParameterError
        If ``features`` cannot be understood.
    ImageError
        If no image could be measured, or the first bad one with ``fail_fast``.
    OutputError
        If ``out`` exists or cannot be written, another process writes it, or what is unfinished
        had other parameters.
    MissingExtraError
        If ``scheduler`` is given and Dask is not installed.
    """
    if out is not None:
        check_output(check_table_path(out), overwrite=overwrite)
    if scheduler is not None:
        from texturekit.cluster import check_scheduler

        check_scheduler(scheduler)
    parts = pieces(parse_parts(features) if isinstance(features, str) else features)
    names = _column_names(parts)
    if fail_fast:
        _refuse_lost_rows(manifest)
    how = How(jobs, timeout, fail_fast, scheduler, own_process=out is not None)
    work = _work(
        parts, size=size, roi=roi, window=window, weights=weights, device=device, seed=seed,
        hashed=True,
    )  # fmt: skip
    Pictures(manifest, size=size, roi=roi)  # refuses what cannot be asked
    if out is None:
        found, values, contents = _in_memory(manifest, work, how)
        errors = [found.lost[i].error if i in found.lost else None for i in range(len(manifest))]
        lost = [skipped(manifest, row, one) for row, one in sorted(found.lost.items())]
        return Table(
            rows=known_rows(manifest, errors, level_columns(found.levels)),
            columns=names,
            values=values,
            metadata=_metadata(manifest, work, manifest.digest(contents)),
            skipped=(*manifest.skipped, *lost),
        )
    try:
        return store(
            manifest, work, how, Path(out), columns=names, weights=str(weights),
            overwrite=overwrite, partitioned=partitioned,
            describe=lambda sha256: _metadata(manifest, work, sha256),
        )  # fmt: skip
    except NothingUsable as first:
        raise ImageError(_all_lost(manifest, str(first))) from None


def _column_names(parts: tuple[Part, ...]) -> tuple[str, ...]:
    texture = tuple(part for part in parts if part_kind(part) == "texture")
    columns(texture)  # refuses parts that give one column twice
    return tuple(name for part in parts for name in part_columns(part))


def _refuse_lost_rows(manifest: Manifest) -> None:
    for skip in manifest.skipped:
        if skip.kind != "ignored":
            raise ImageError(f"{skip.path}: {skip.reason}")


def _all_lost(manifest: Manifest, reason: str | None) -> str:
    first = reason or next((s.reason for s in manifest.skipped), "there are no images")
    return (
        f"none of the {manifest.found} images of {manifest.source} can be used; mend or replace "
        f"them. The first: {first}"
    )


def _metadata(manifest: Manifest, work: Work, sha256: str) -> dict[str, Any]:
    return {
        "texturekit": texturekit.__version__,
        "families": {
            str(part): {**FEATURES[part.name].defaults, **dict(part.parameters)}
            for part in work.parts
            if part.name in FEATURES
        },
        "backbones": {name: net.label for name, net in work.weights.items()},
        "size": work.size,
        "roi": work.roi if "mask" in manifest.frame.columns else "none",
        **manifest_parameters(manifest),
        "window": work.window,
        "source": printable(manifest.source),
        "source_sha256": sha256,
    }
