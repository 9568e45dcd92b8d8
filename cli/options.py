"""Options that several commands share, and how a settings file feeds them."""

from __future__ import annotations

import functools
import json
import os
import textwrap
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

F = TypeVar("F", bound="Callable[..., Any]")


def _read_settings(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    """Let a YAML file set what the command line does not."""
    if value is None:
        return
    from texturekit.config import read_config

    options = {
        name.lstrip("-"): option
        for option in context.command.params
        if isinstance(option, click.Option) and option.name not in ("config", "help")
        for name in option.opts
        if name.startswith("--")
    }
    settings = read_config(value, options)
    context.default_map = {
        str(options[name].name): _as_text(options[name], setting)
        for name, setting in settings.items()
    }


def _as_text(option: click.Option, value: Any) -> Any:
    """Return a setting as the command line would hand it over, so that one check serves both."""
    if isinstance(value, dict):
        return value  # an option whose type reads mappings, as statements
    if isinstance(value, list):
        texts = list(map(str, value))
        return texts if option.multiple else ",".join(texts)
    return value if isinstance(value, bool) else str(value)


config = click.option(
    "--config",
    type=click.Path(dir_okay=False),
    callback=_read_settings,
    is_eager=True,
    expose_value=False,
    metavar="FILE",
    help="YAML file with options by name; the command line wins over it.",
)
tune = click.option(
    "--tune",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Settings tried a method, on held-out training patients; 0 for the defaults.",
)
candidate = click.option(
    "--set",
    "candidate",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of the method instead of its default: C=3, batch=25, learning_rate=0.001.",
)
overwrite = click.option("--overwrite", is_flag=True, help="Replace a finished output.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
verbose = click.option("-v", "--verbose", is_flag=True, help="Show notes, not only warnings.")
quiet = click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
no_progress = click.option("--no-progress", is_flag=True, help="Show no progress bar.")
jobs = click.option(
    "--jobs",
    type=click.IntRange(1),
    default=lambda: os.cpu_count() or 1,
    show_default="all cores",
    help="Threads to use; the numbers do not depend on it.",
)
seed = click.option("--seed", type=int, default=0, show_default=True, help="Seed of all chance.")
weights = click.option(
    "--weights",
    default="auto",
    show_default=True,
    metavar="auto|pretrained|none|PATH",
    help="Weights of the nets; auto takes random ones if there is no network, and says so.",
)
own_weights = click.option(
    "--weights",
    metavar="PATH",
    help="Where the weights are that the model's embeddings need, if not where they were.",
)
labels = click.option("--labels", metavar="a,b", help="Columns of a multi-label manifest.")
positive = click.option("--positive", metavar="NAME", help="The positive class of two.")
size = click.option(
    "--resize", "size", type=click.IntRange(16, 4096), metavar="N", help="Long side in pixels."
)
allow_leakage = click.option(
    "--allow-leakage", is_flag=True, help="Go on with patients on both sides; said."
)
epochs = click.option(
    "--epochs", type=click.IntRange(1), metavar="N", help="Longest training of a net."
)
device = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where nets run.",
)
masks = click.option(
    "--masks",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Folder of masks with the images' names.",
)
mask_label = click.option(
    "--mask-label",
    type=click.IntRange(0),
    metavar="N",
    help="The value in the masks that is the region; everything that is not black without.",
)
frames = click.option(
    "--frames",
    metavar="RULE",
    help="Which picture of files with several: first, middle, a number from 0, all (a row each); "
    "volumes with the direction: axial:middle, coronal:12. Without, such files are skipped.",
)
roi = click.option(
    "--roi",
    type=click.Choice(["crop", "mask", "none"]),
    default="crop",
    show_default=True,
    help="What masks do: the box with 10% margin, only the pixels inside, or nothing.",
)
recipe = click.option(
    "--recipe",
    type=click.Choice(["seed"]),
    help="Follow the write-up of the task; other options win, and the result says so.",
)
window = click.option(
    "--window",
    default="auto",
    show_default=True,
    metavar="auto|full|dtype|LOW:HIGH",
    help="Which values nets and thumbnails see as black and white; texture keeps the pixels.",
)
group = click.option(
    "--group",
    default="group",
    show_default=True,
    metavar="COLUMN",
    help="Column that names the patient; 'none' counts every image as its own.",
)
limit = click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="Use at most N images, and say so."
)


class Statements(click.ParamType):  # type: ignore[type-arg]
    """What the authors say: a YAML file, or the mapping that a settings file holds."""

    name = "file"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> dict[str, str]:
        """Return the statements by key."""
        from texturekit.config import read_yaml
        from texturekit.records import read_statements

        if isinstance(value, dict):
            return read_statements(value, "the settings file")
        return read_statements(read_yaml(value), str(value))


statements = click.option(
    "--statements",
    type=Statements(),
    metavar="FILE",
    help="YAML file of what only the authors know (reference_standard: ...), for the checklist.",
)
threshold = click.option(
    "--threshold",
    metavar="RULE",
    default="fixed",
    show_default=True,
    help="fixed (0.5), youden, sensitivity=.95, specificity=.9 or cost=5 (a miss to a false "
    "alarm); chosen inside the training images.",
)
calibrate = click.option(
    "--calibrate",
    type=click.Choice(["none", "sigmoid", "isotonic", "temperature"]),
    default="none",
    show_default=True,
    help="How probabilities are calibrated, inside the training images.",
)


def common(function: F) -> F:
    """Add the options that every command has."""
    decorators = (config, as_json, overwrite, verbose, quiet, no_progress)
    return functools.reduce(lambda f, decorate: decorate(f), reversed(decorators), function)


def pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """Return what ``NAME=VALUE`` texts say, each name once."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = (word.strip() for word in text.partition("="))
        if not (name and equals and value) or name in found:
            why = "stands twice" if name in found else "is no NAME=VALUE"
            raise click.UsageError(f"{option} {text!r} {why}; write for example {option} C=3.")
        found[name] = value
    return found


def formats() -> str:
    """Return what is read how, for the end of a help page."""
    from texturekit.decoding.formats import HEADINGS, rows

    lines = ["\b", "What is read, told by content; for 'frames rule' see --frames:"]
    for row in rows():
        cells = dict(zip(HEADINGS, row, strict=True))
        head = f"{cells.pop('format')} {cells.pop('files')}: "
        said = "; ".join(f"{name}: {text}" for name, text in cells.items() if text != "-")
        lines += textwrap.wrap(head + said, 78, initial_indent="  ", subsequent_indent="    ")
    return "\n".join(lines)


def show_json(value: Any) -> None:
    """Print a result as JSON on stdout."""
    click.echo(json.dumps(value, indent=2, allow_nan=False))


pseudonymise = click.option(
    "--pseudonymise",
    is_flag=True,
    help="Made-up names for images, patients, files; classes, columns and pictures stay.",
)
open_page = click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
