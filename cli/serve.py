"""``texturekit serve``."""

from __future__ import annotations

import ipaddress
import os
import threading
from typing import TYPE_CHECKING

import click

from . import options
from .console import showing

if TYPE_CHECKING:
    from texturekit.methods.model import Model


_PATIENCE = 3.0  # seconds that an image gets which is worked on at the end


@click.command("serve", short_help="Open a page in the browser that asks a saved model.")
@click.argument("model", metavar="MODEL")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=7860,
    show_default=True,
    help="Where it listens; 0 takes any that is free.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address it listens at; any other lets other machines in, and nothing asks who they are.",
)
@click.option(
    "--allow-host",
    "names",
    multiple=True,
    metavar="NAME",
    help="Further name that browsers call it by, as behind a proxy; may be repeated.",
)
@click.option(
    "--max-size",
    type=click.FloatRange(0, 4000, min_open=True),
    default=64.0,
    show_default=True,
    metavar="MB",
    help="Largest file that is taken.",
)
@options.frames
@options.own_weights
@options.device
@options.jobs
@options.common
def command(
    model: str, port: int, host: str, names: tuple[str, ...], max_size: float, frames: str | None,
    weights: str | None, device: str, jobs: int, as_json: bool, overwrite: bool, verbose: bool,
    quiet: bool, no_progress: bool,
) -> int:  # fmt: skip
    """Serve a page and a REST interface for MODEL, a folder that a training wrote or a pretrained
    backbone with a head, until Ctrl-C.

    On the page one drops images and sees probabilities with the intervals of the comparison, the
    decision, whether an image is outside the training distribution, and what the answer rests
    on. It works without any network, and only this machine can reach it. Not for clinical use.
    """  # noqa: D205
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        from texturekit.app.limits import MB, Limits
        from texturekit.app.server import listen, run, site
        from texturekit.app.service import Service
        from texturekit.methods.saved import saved_model

        limits = Limits(file=int(max_size * MB))
        sock = listen(host, port)  # before the model is loaded, which takes longer
        known = saved_model(model, weights=weights, device=device)
        service = Service(known, device=device, weights=weights, frames=frames)
        served = site(service, limits=limits, host=host, names=names, threads=jobs)
    address = _address(host, sock.getsockname()[1])
    if not quiet:
        _say(known, host)

    def ready() -> None:
        if as_json:
            options.show_json({"url": address, "pid": os.getpid(), "model": service.about()})
        else:
            click.echo(address)

    code = 143
    try:
        run(served.app, sock, ready)
    except KeyboardInterrupt:
        code = 130
        raise
    finally:
        served.end()
        if served.desk.working:  # Python waits for threads, and an image may take minutes
            last = threading.Timer(_PATIENCE, os._exit, [code])
            last.daemon = True
            last.start()
    return 0


def _address(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}/"


def _say(known: Model, host: str) -> None:
    click.echo(f"{known.method}: not for clinical use.", err=True)
    if known.tested is None:
        click.echo(
            "No interval: this model was not tested; train it with --from-run to show some.",
            err=True,
        )
    if not _is_here(host):
        click.echo(
            f"Warning: it listens at {host}: every machine that reaches this one can use it, "
            "nothing asks who they are, and nothing is encrypted. Put a proxy with a login before "
            "it, or use 127.0.0.1.",
            err=True,
        )
    click.echo("Ctrl-C ends it.", err=True)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
