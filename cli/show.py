"""``texturekit show``."""

from __future__ import annotations

import warnings
from pathlib import Path

import click

from texturekit.errors import GreyLevelWarning

from . import options
from .console import showing

_KINDS = ("png", "svg")


@click.command("show", short_help="Draw what a texture family sees in an image.")
@click.argument("image", metavar="IMAGE", type=click.Path(dir_okay=False))
@click.option(
    "--feature",
    default="lbp",
    show_default=True,
    help="One family: lbp, glcm, hog, sobel, mvm_lbp, ...; with parameters: 'lbp(p=16,r=2)'.",
)
@options.frames
@click.option("--mask", type=click.Path(dir_okay=False), metavar="FILE", help="Mask of the region.")
@click.option(
    "-o",
    "--output",
    default="png",
    show_default=True,
    metavar="FILE|png|svg",
    help="File to write, .png or .svg; the bare word names it after the image and the family.",
)
@options.common
def command(
    image: str, feature: str, frames: str | None, mask: str | None, output: str, as_json: bool,
    overwrite: bool, verbose: bool, quiet: bool, no_progress: bool,
) -> int:  # fmt: skip
    """Draw IMAGE, what a texture family sees in it (codes, gradients, matrices), the histograms
    and the statistics that it measures.
    """  # noqa: D205
    from texturekit.draw import save_figure, show_feature
    from texturekit.images import read_image, read_mask
    from texturekit.outputs import replacing

    path = _named(output, Path(image), feature)
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        pixels = read_image(image, frames=frames or "one")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", GreyLevelWarning)
            figure = show_feature(pixels, feature, None if mask is None else read_mask(mask))
        for one in () if quiet else caught:
            click.echo(f"Warning: {one.message}", err=True)
        with replacing(path, overwrite=overwrite) as partial:
            save_figure(figure, partial, path.suffix[1:].lower())
    if as_json:
        options.show_json({"figure": str(path)})
    else:
        click.echo(str(path))
    return 0


def _named(output: str, image: Path, feature: str) -> Path:
    """Return the file that ``-o`` means."""
    if output in _KINDS:
        plain = "".join(c if c.isalnum() else "_" for c in feature).strip("_")
        return Path(f"{image.stem}.{plain}.{output}")
    path = Path(output)
    if path.suffix.lower().removeprefix(".") not in _KINDS:
        raise click.BadParameter(
            f"{output} ends with {path.suffix!r}; a figure is written to .png or .svg.",
            param_hint="-o",
        )
    return path
