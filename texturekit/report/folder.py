"""The run folder: everything that a comparison leaves on disk, and reading it back.

::

    index.html            the page, self-contained
    results.json          every number of the page (texturekit/results.schema.json)
    predictions.parquet   one row a method, repeat, fold and image
    curves.parquet        method, curve, class, x, y, low, high, n
    importance.parquet    method, column, importance
    stability.csv         column, change, icc, low, high, images, category (with --stability)
    assets/               pictures, assets.json (image id to its files), and figures.json
    config.yaml           the settings that were in effect
    environment.json      versions, hardware, command line
    training.parquet      with networks that were trained: their epochs
    refits.parquet        with other seeds or shares of the training part only: their predictions
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ModelError, OutputError, ParameterError
from texturekit.outputs import check_output, replacing
from texturekit.records import SCHEMA_VERSION, Results, Study
from texturekit.report.plain import plain, yaml_text
from texturekit.report.pseudonyms import pseudonymised
from texturekit.steadiness import write_stability

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_TABLES = ("predictions", "curves", "importance")
_OPTIONAL = ("refits", "training")
_OF_IMAGES = ("id", "path", "group", "repeat", "fold", "split", "method", "predicted")
_OF_FITS = ("method", "repeat", "fold", "epoch", "train_loss", "val_loss", "val_score", "kept")
#: Columns of the tables, in folders of every version.
_COLUMNS = {
    "predictions": _OF_IMAGES,
    "curves": ("method", "curve", "class", "x", "y"),
    "importance": ("method", "column", "importance"),
    "refits": (*_OF_IMAGES, "seed", "fraction"),
    "training": _OF_FITS,
}
#: Columns of numbers among them; probabilities are found by their names.
_NUMBERS = (
    "repeat", "fold", "x", "y", "low", "high", "n", "importance", "epoch", "train_loss",
    "val_loss", "val_score", "seed", "fraction", "threshold",
)  # fmt: skip


def write_report(study: Study, folder: str | Path, *, overwrite: bool = False) -> Path:
    """Write a run folder: complete, or not at all.

    Parameters
    ----------
    study : Study
        What ``texturekit.compare`` returned, or `read_study` read.
    folder : str or Path
        The folder to make; missing parents are made too.
    overwrite : bool, default False
        Whether a run folder that stands there may be replaced. It is kept until the new one is
        complete. A folder that is no run folder is never replaced.

    Returns
    -------
    Path
        ``index.html``.

    Raises
    ------
    OutputError
        If the folder exists, cannot be written, or the disk is full; nothing is left behind.
    ParameterError
        If the configuration or environment holds something that is no plain value.

    Examples
    --------
    >>> import tempfile
    >>> study = tk.compare("textures", methods=["majority/dummy", "first_order/logistic"],
    ...                    folds=2, limit=60, size=32, images=False)
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     page = write_report(study, f"{parent}/textures")
    ...     read_study(page.parent).results == study.results
    True
    """
    from texturekit.report.page import render

    folder = check_output(folder, overwrite=overwrite)
    _check_replaceable(folder)
    page = render(study)
    config, environment = plain(study.config, "config"), plain(study.environment, "environment")
    with replacing(folder, overwrite=overwrite) as partial:
        partial.mkdir()
        _write(partial / "results.json", _json(study.results.model_dump(mode="json")))
        for name in _TABLES:
            _write_table(partial / f"{name}.parquet", getattr(study, name))
        for name in _OPTIONAL:
            if (frame := getattr(study, name)) is not None:
                _write_table(partial / f"{name}.parquet", frame)
        if study.results.stability is not None:
            write_stability(study.results.stability, partial / "stability.csv")
        _write_assets(partial / "assets", study.assets)
        _write(partial / "config.yaml", yaml_text(config))
        _write(partial / "environment.json", _json(environment))
        _write(partial / "index.html", page)
    return folder / "index.html"


def read_study(folder: str | Path) -> Study:
    """Read a run folder back, with everything that its page is drawn from.

    Parameters
    ----------
    folder : str or Path
        A folder that `write_report` made.

    Returns
    -------
    Study

    Raises
    ------
    ModelError
        If the folder or one of its files is missing, damaged, or of a version that this
        texturekit does not know; the message names the file.

    Examples
    --------
    See `write_report`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ModelError(f"{folder} is no folder; give a run folder that compare wrote.")
    tables = {name: _read_table(folder / f"{name}.parquet") for name in _TABLES}
    files = {name: folder / f"{name}.parquet" for name in _OPTIONAL}
    optional = {name: _read_table(file) for name, file in files.items() if file.is_file()}
    results = _read_results(folder / "results.json")
    _check_classes(results, tables["predictions"], folder / "predictions.parquet")
    return Study(
        results=results,
        config=_read_yaml(folder / "config.yaml"),
        environment=_read_json(folder / "environment.json"),
        assets=_read_assets(folder / "assets"),
        **tables,
        **optional,
    )


def redraw_report(
    folder: str | Path,
    page: str | Path | None = None,
    *,
    images: bool = True,
    pseudonymise: bool = False,
    overwrite: bool = False,
) -> Path:
    """Draw the page of a run again, from the run folder alone.

    Parameters
    ----------
    folder : str or Path
        A folder that `write_report` made. Nothing in it changes but its own page.
    page : str or Path, optional
        File to write; by default the folder's own ``index.html``, which is replaced.
    images : bool, default True
        Whether the page shows pictures.
    pseudonymise : bool, default False
        Whether images, patients and files get made-up names; see `pseudonymised`.
    overwrite : bool, default False
        Whether another ``page`` may be replaced.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ModelError
        As `read_study`.
    OutputError
        If the page exists or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> study = tk.compare("textures", methods=["majority/dummy", "first_order/logistic"],
    ...                    folds=2, limit=60, size=32, images=False)
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     run = write_report(study, f"{parent}/textures").parent
    ...     page = redraw_report(run, f"{parent}/to_mail.html", images=False, pseudonymise=True)
    ...     page.name
    'to_mail.html'
    """
    from texturekit.report.page import render

    study = read_study(folder)
    if not images:
        study = replace(study, assets={})
    text = render(pseudonymised(study) if pseudonymise else study)
    target = Path(folder) / "index.html" if page is None else Path(page)
    with replacing(target, overwrite=overwrite or page is None) as partial:
        _write(partial, text)
    return target


def _check_replaceable(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file; choose a folder for the report.")
    if any(folder.iterdir()) and not (folder / "results.json").is_file():
        raise OutputError(
            f"{folder} holds other things than a report and is not replaced; choose another folder."
        )


def _json(content: Any) -> str:
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return text + "\n"


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "replace"))


def _write_table(path: Path, frame: pd.DataFrame) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, path, compression="zstd", version="2.6")


def _write_assets(folder: Path, assets: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, content in sorted(assets.items()):
        if name in ("", ".", "..") or Path(name).name != name:
            raise ParameterError(f"{name!r} is no file name; assets are plain names in one folder.")
        (folder / name).write_bytes(content)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read ({error.strerror or error}): the run folder is incomplete; "
            "copy it again, or compare again."
        ) from error


def _damaged(path: Path, error: Exception) -> ModelError:
    why = " ".join(str(error).split())[:200]
    return ModelError(f"{path} is damaged ({why}); copy the run folder again, or compare again.")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(_bytes(path))
    except ValueError as error:
        raise _damaged(path, error) from error
    if not isinstance(content, dict):
        raise _damaged(path, ValueError(f"it holds a {type(content).__name__}, not an object"))
    return content


def _read_results(path: Path) -> Results:
    from pydantic import ValidationError

    content = _read_json(path)
    version = content.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ModelError(
            f"{path} has schema_version {version!r}, this texturekit reads {SCHEMA_VERSION}; "
            "use the version of texturekit that environment.json names."
        )
    try:
        results = Results.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _damaged(path, ValueError(f"{where}: {first['msg']}")) from error
    if not results.classes:
        raise _damaged(path, ValueError("classes: it names none"))
    if (alike := results.family_correlation) is not None:
        side = len(alike.families)
        if [len(row) for row in alike.values] != [side] * side:
            raise _damaged(path, ValueError("family_correlation.values: no row for each family"))
    return results


def _read_yaml(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(_bytes(path).decode("utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise _damaged(path, error) from error
    if not isinstance(content, dict):
        raise _damaged(path, ValueError(f"it holds a {type(content).__name__}, not a mapping"))
    return content


def _read_table(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        frame: pd.DataFrame = pq.read_table(pa.BufferReader(_bytes(path))).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error
    if fault := _fault(path.stem, frame):
        raise _damaged(path, ValueError(fault))
    return frame


def _check_classes(results: Results, frame: pd.DataFrame, path: Path) -> None:
    truth = ["label"]
    if results.kind == "multilabel":
        truth = [f"y.{name}" for name in results.classes]
    for name in (*truth, *(f"p.{name}" for name in results.classes)):
        if name not in frame and not frame.empty:
            raise _damaged(path, ValueError(f"it lacks the column {name}"))


def _is_number(column: str) -> bool:
    return column in _NUMBERS or column.startswith(("p.", "y.", "t."))


def _fault(table: str, frame: pd.DataFrame) -> str | None:
    """Return what makes a table useless: a column that lacks, or holds no numbers."""
    from pandas.api.types import is_numeric_dtype

    if frame.empty:
        return None
    if lacking := [name for name in _COLUMNS[table] if name not in frame]:
        return f"it lacks the column {lacking[0]}"
    numbers = [name for name in map(str, frame) if _is_number(name)]
    for name in numbers:
        if not is_numeric_dtype(frame[name]) and frame[name].notna().any():
            return f"its column {name} holds no numbers"
    points = [name for name in ("x", "y") if name in numbers]
    if not np.isfinite(frame[points].to_numpy(dtype=float)).all():
        return "its columns x and y hold points that are no numbers"
    return None


def _read_assets(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise ModelError(
            f"{folder} is missing: the run folder is incomplete; copy it again, or compare again."
        )
    return {path.name: _bytes(path) for path in sorted(folder.iterdir()) if path.is_file()}
