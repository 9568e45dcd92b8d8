"""The folder and page of a sweep: what was tried, what it gave, and the command of the best.

::

    index.html         the page
    sweep.json         everything it is drawn from: `texturekit.records.sweep.Sweep`
    trials.csv         a row a trial
    journal.jsonl      every trial as it went, lines of JSON as optuna writes them
    config.yaml        the settings of the sweep
    environment.json   versions, hardware, command line
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from pydantic import ValidationError

import texturekit
from texturekit.environment import describe
from texturekit.errors import OutputError
from texturekit.outputs import check_output, replacing
from texturekit.records.sweep import Sweep
from texturekit.report.page import shell, templates
from texturekit.report.plain import plain, yaml_text
from texturekit.report.sweep_figures import LOSS, figures, lowered, named

if TYPE_CHECKING:
    import pandas as pd

    from texturekit.records.sweep import SweepTrial
    from texturekit.sweeping import Plan

_STATES = {"complete": "complete", "pruned": "stopped early", "failed": "failed"}


def check_sweep_output(folder: str | Path, *, overwrite: bool = False) -> Path:
    """Raise before any work is done if a sweep cannot be written to a folder.

    Raises
    ------
    OutputError
        If it exists and may not be replaced, or is a folder that no sweep made.
    """
    folder = check_output(folder, overwrite=overwrite)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "sweep.json").is_file():
        raise OutputError(f"{folder} is a folder, but holds no sweep; choose another output.")
    return folder


def write_sweep(
    found: Sweep,
    folder: str | Path,
    *,
    config: dict[str, Any] | None = None,
    journal: Path | None = None,
    overwrite: bool = False,
) -> Path:
    """Write the folder of a sweep: complete, or not at all.

    Parameters
    ----------
    found : Sweep
        What `texturekit.sweeping.sweep` returned.
    folder : str or Path
    config : dict, optional
        The settings of the sweep, for ``config.yaml``.
    journal : Path, optional
        The journal of the trials, to be kept.
    overwrite : bool, default False
        Whether a sweep that stands there may be replaced.

    Returns
    -------
    Path
        Of the page.

    Raises
    ------
    OutputError
        If the folder exists, or cannot be written.
    """
    folder = check_sweep_output(folder, overwrite=overwrite)
    page = render_sweep(found)
    environment = describe(seed=found.seed, data_sha256=found.data_sha256)
    with replacing(folder, overwrite=overwrite) as partial:
        partial.mkdir()
        _write(partial / "sweep.json", found.model_dump_json(indent=2))
        _table(found).to_csv(partial / "trials.csv", index=False)
        _write(partial / "config.yaml", yaml_text(plain(config or {}, "config")))
        text = json.dumps(plain(environment, "environment"), indent=2)
        _write(partial / "environment.json", text)
        if journal is not None:
            shutil.copyfile(journal, partial / journal.name)
        _write(partial / "index.html", page)
    return folder / "index.html"


def finish_sweep(
    found: Sweep, plan: Plan, partial: Path, folder: Path, *, overwrite: bool = False
) -> None:
    """Write the folder of a sweep that several processes ran: the first one to come does it."""
    from texturekit.sweeping.results import config
    from texturekit.sweeping.sharing import JOURNAL, GoneError, Shared, remove

    try:
        with Shared(partial, plan.fingerprint).alone():
            write_sweep(
                found, folder, config=config(plan), journal=partial / JOURNAL, overwrite=overwrite
            )
            remove(partial)
    except GoneError:
        return


def read_sweep(folder: str | Path) -> Sweep:
    """Read the record of a sweep back.

    Raises
    ------
    OutputError
        If there is none, or it cannot be read.
    """
    file = Path(folder) / "sweep.json"
    try:
        return Sweep.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        said = " ".join(str(error).split())[:200]
        raise OutputError(f"{file} cannot be read ({said}); run the sweep again.") from error


def render_sweep(found: Sweep) -> str:
    """Draw the page of a sweep: one HTML document that loads nothing from anywhere."""
    states: list[str] = [trial.state for trial in found.trials]
    ranked = sorted(
        found.trials, key=lambda t: (t.state != "complete", t.value is None, t.value or 0.0)
    )
    return (
        templates()
        .get_template("sweep.html.j2")
        .render(
            found=found,
            best=found.winner,
            settings=_settings,
            counts={state: states.count(state) for state in _STATES},
            states=_STATES,
            names=[name for name in found.space if name != "method"],
            named=named,
            ranked=ranked,
            random=[name for name, label in found.weights.items() if "random" in label],
            loss=LOSS,
            largest=max((one.value for one in found.importance), default=1.0) or 1.0,
            cell=_cell,
            shell=shell(),
            version=texturekit.__version__,
            **_marked(figures(found)),
        )
    )


def _settings(trial: SweepTrial) -> str:
    return ", ".join(f"{lowered(name)} {_cell(value)}" for name, value in trial.parameters.items())


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def _marked(drawn: dict[str, Any]) -> dict[str, Any]:
    """Let drawings through, whose texts are escaped where they are drawn."""
    marked = {
        name: None if drawn[name] is None else Markup(drawn[name])
        for name in ("cloud", "threads", "history")
    }
    return {**drawn, **marked, "panels": [(name, Markup(svg)) for name, svg in drawn["panels"]]}


def _table(found: Sweep) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "number": one.number, "method": one.method,
            **{name: one.parameters.get(name) for name in found.space if name != "method"},
            "state": one.state, "validation_log_loss": one.value, "best_epoch": one.best_epoch,
            "epochs": one.epochs, "seconds": one.seconds, "reason": one.reason,
        }
        for one in found.trials
    ]  # fmt: skip
    return pd.DataFrame(rows, dtype=object)  # whole numbers stay whole beside gaps


def _write(path: Path, text: str) -> None:
    path.write_text(text + "\n", encoding="utf-8")
