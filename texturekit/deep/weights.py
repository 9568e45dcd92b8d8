"""Which numbers a network starts from: found, downloaded once, checked before use."""

from __future__ import annotations

import hashlib
import os
import threading
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from texturekit import events
from texturekit.deep.backbones import Backbone, find_backbone
from texturekit.deep.converted import check_origin
from texturekit.errors import WeightsError, WeightsFileError

SUFFIXES = (".npz", ".safetensors", ".pth", ".pt")
URL_VARIABLE = "TEXTUREKIT_WEIGHTS_URL"

_PATIENCE = 3.0  # seconds that policy "auto" waits for an answer
_TIMEOUT = 30.0  # seconds that policy "pretrained" waits for one
_given_up: list[str] = []  # why "auto" does not download any more in this process


@dataclass(frozen=True)
class Weights:
    """The weights a network starts from.

    Attributes
    ----------
    label : str
        For the reader of a result: ``"random (seed 0)"``.
    source : {"pretrained", "file", "random"}
        Where they come from.
    path : Path or None
        Their file; None for random ones.
    sha256 : str or None
        Checksum of that file.
    """

    label: str
    source: Literal["pretrained", "file", "random"]
    path: Path | None = None
    sha256: str | None = None

    @property
    def random(self) -> bool:
        """Whether the network starts from nothing."""
        return self.source == "random"


def resolve_weights(
    backbone: str | Backbone, policy: str | Path | Weights = "auto", *, seed: int = 0
) -> Weights:
    """Find the weights that a policy names.

    Parameters
    ----------
    backbone : str or Backbone
        The network, by name or by card.
    policy : {"auto", "pretrained", "none"} or path, default "auto"
        ``"none"``: random numbers. ``"pretrained"``: the published file, from torch's own
        cache folder (it follows ``TORCH_HOME``) or downloaded into it once; torchxrayvision's
        only from there, after ``texturekit convert-weights``. ``"auto"``: the
        same if it is at hand or arrives promptly, else random numbers and a warning; a
        process that found no network does not ask again. A path: a file of your own, ``.npz``,
        ``.safetensors``, ``.pth`` or ``.pt``. Weights found before are returned as they are.
    seed : int, default 0
        Goes into the label of random weights.

    Returns
    -------
    Weights
        Label, source, path and checksum. The content is checked when a network is built.

    Raises
    ------
    WeightsError
        If a file is missing or not the published one, or cannot be downloaded.

    Notes
    -----
    The environment variable ``TEXTUREKIT_WEIGHTS_URL`` names another folder to download from.

    Examples
    --------
    >>> resolve_weights("resnet18", "none", seed=7).label
    'random (seed 7)'
    """
    if isinstance(policy, Weights):
        return policy
    card = find_backbone(backbone)
    if policy == "none":
        return Weights(f"random (seed {seed})", "random")
    if policy == "pretrained":
        return _pretrained(card)
    if policy == "auto":
        return _whatever_is_at_hand(card)
    return _own_file(Path(policy))


def cached_path(backbone: str | Backbone) -> Path:
    """Return where torch's cache keeps a backbone's pretrained weights, converted where needed.

    Examples
    --------
    >>> cached_path("resnet18").name
    'resnet18-f37072fd.pth'
    """
    caches = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    home = Path(os.environ.get("TORCH_HOME") or caches / "torch").expanduser()
    return home / "hub" / "checkpoints" / find_backbone(backbone).cache_name


def address(backbone: str | Backbone) -> str:
    """Return where a backbone's pretrained weights are downloaded from."""
    card = find_backbone(backbone)
    folder = os.environ.get(URL_VARIABLE)
    return f"{folder.rstrip('/')}/{card.file}" if folder else card.url


def _own_file(path: Path) -> Weights:
    if path.suffix.lower() not in SUFFIXES:
        raise WeightsFileError(
            f"weights {str(path)!r} are neither auto, pretrained, none nor a file that ends with "
            f"{', '.join(SUFFIXES)}; name one of these."
        )
    if not path.is_file():
        raise WeightsFileError(f"there is no weights file {str(path)!r}; check the path.")
    digest = _sha256(path)
    return Weights(f"file {path.name} (sha256 {digest[:12]})", "file", path, digest)


def _pretrained(card: Backbone) -> Weights:
    return _cached(card) or _fetched(card, _TIMEOUT)


def _whatever_is_at_hand(card: Backbone) -> Weights:
    try:
        return _cached(card) or _promptly_fetched(card)
    except WeightsError as error:
        events.warn(
            f"{card.name} weights",
            f"{card.name} starts from random numbers, not from pretrained weights: {error}",
        )
    return Weights("random (no pretrained weights at hand)", "random")


def _promptly_fetched(card: Backbone) -> Weights:
    """Download unless the server keeps one waiting, or an earlier download failed."""
    if card.converted:
        return _fetched(card, _PATIENCE)
    if _given_up:
        raise WeightsError(
            f"an earlier download failed ({_given_up[0]}), and this process does not try a "
            f"second download. {_by_hand(card)}"
        )
    try:
        _ask(card)
        return _fetched(card, _PATIENCE)
    except WeightsError as error:
        _given_up.append(str(error).partition(". Download ")[0])
        raise


def _cached(card: Backbone) -> Weights | None:
    path = cached_path(card)
    if not path.is_file():
        return None
    digest = _sha256(path)
    if card.converted:
        try:
            made_from = check_origin(path, card)["sha256"][:12]
        except WeightsFileError as error:
            raise WeightsError(f"{error} Delete it. {_by_hand(card)}") from error
        label = f"pretrained (torchxrayvision {card.name}, file of sha256 {made_from})"
        return Weights(label, "pretrained", path, digest)
    if not digest.startswith(card.sha256_prefix or ""):
        raise WeightsError(
            f"{str(path)!r} has sha256 {digest[:12]}..., not {card.sha256_prefix}... as published: "
            "it is damaged or another file; delete it and run again."
        )
    return Weights(f"pretrained (torchvision {card.weights})", "pretrained", path, digest)


def _fetched(card: Backbone, timeout: float) -> Weights:
    """Download the file under another name, check it, and only then give it its own."""
    if card.converted:
        raise WeightsError(
            f"{card.name} is published as a pickled module, which is never loaded, and there is no "
            f"converted file {str(cached_path(card))!r}. {_by_hand(card)}"
        )
    path, url = cached_path(card), address(card)
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _download(url, partial, timeout, card)
        digest = _sha256(partial)
        if not digest.startswith(card.sha256_prefix or ""):
            raise WeightsError(
                f"{url} gave {partial.stat().st_size:,} bytes with sha256 {digest[:12]}..., not "
                f"{card.sha256_prefix}... as published. {_by_hand(card)}"
            )
        partial.replace(path)
    except OSError as error:  # requests' errors are OSErrors, too
        raise _failure(card, error) from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return Weights(f"pretrained (torchvision {card.weights})", "pretrained", path, digest)


def _download(url: str, target: Path, timeout: float, card: Backbone) -> None:
    from pooch import HTTPDownloader

    bar = _Bar(f"downloading {card.name}")
    try:
        HTTPDownloader(progressbar=bar, timeout=timeout, chunk_size=1 << 18)(url, target, None)
    except OSError as error:
        response = getattr(error, "response", None)
        if response is not None:
            response.close()  # pooch leaves the connection of a refusal open
        raise


class _Bar:
    """What pooch takes for a progress bar; it only passes events on."""

    def __init__(self, stage: str) -> None:
        self.stage, self.done, self.total = stage, 0, 0

    def update(self, step: int) -> None:
        self.done = min(self.done + step, self.total)
        events.progress(self.stage, self.done, self.total)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        """Nothing is left to close."""


def _ask(card: Backbone) -> None:
    """Raise if the server does not answer within `_PATIENCE` seconds."""
    from pooch import HTTPDownloader

    problems: list[OSError | None] = []

    def knock() -> None:
        try:
            HTTPDownloader(timeout=_PATIENCE)(address(card), None, None, check_only=True)
            problems.append(None)
        except OSError as error:
            problems.append(error)

    # In a thread: a name look-up without a network ignores every timeout.
    thread = threading.Thread(target=knock, daemon=True)
    thread.start()
    thread.join(_PATIENCE + 0.5)
    silence = TimeoutError(f"no answer in {_PATIENCE:g} seconds")
    problem = problems[0] if problems else silence
    if problem is not None:
        raise _failure(card, problem)


def _failure(card: Backbone, error: OSError) -> WeightsError:
    text = " ".join(str(error).split())
    short = text if 0 < len(text) <= 120 else f"{type(error).__name__} {text[:80]}...".strip()
    return WeightsError(f"{address(card)} could not be downloaded ({short}). {_by_hand(card)}")


def _by_hand(card: Backbone) -> str:
    if card.converted:
        return (
            f"Download {card.url} (about 30 MB; its size and checksum are not published) and run: "
            f"texturekit convert-weights {card.name} {card.file}"
        )
    return (
        f"Download {card.url} ({card.megabytes:.0f} MB) elsewhere and put it at "
        f"{str(cached_path(card))!r}, or name a file of your own, or choose weights 'none'."
    )


def _sha256(path: Path) -> str:
    facts = path.stat()
    return _hashed(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=64)
def _hashed(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
