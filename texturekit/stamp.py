"""What measurements depend on beside images and parameters: code, versions, weights."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import texturekit
from texturekit.data.identity import DECODERS, manifest_parameters

if TYPE_CHECKING:
    from texturekit.data.manifest import Manifest
    from texturekit.measurement import Work

#: Parts of the package that no measurement runs through.
_ELSEWHERE = (
    "report", "draw", "methods", "metrics", "compat", "comparison.py", "sklearn.py",
    "extraction.py", "execution.py", "storing.py", "journal.py", "supervision.py", "cluster.py",
    "table.py", "table_file.py", "outputs.py", "environment.py", "config.py", "events.py",
)  # fmt: skip
_PACKAGES = ("scipy", "scikit-image", *DECODERS)
_OF_NETS = ("torch", "torchvision")


def stamp_of(work: Work) -> str:
    """Return a hash that changes when the same parameters could give other values."""
    nets = bool(work.weights)
    versions = {name: _version(name) for name in (*_PACKAGES, *(_OF_NETS if nets else ()))}
    weights = {name: [w.label, w.sha256] for name, w in work.weights.items()}
    text = json.dumps([texturekit.__version__, _code(nets), versions, weights], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def parameters_of(manifest: Manifest, work: Work, **more: Any) -> dict[str, Any]:
    """Return the parameters of an extraction, ready for JSON: what a user chose."""
    known = {
        "features": "+".join(map(str, work.parts)),
        "size": work.size,
        "roi": work.roi,
        "source": _text(manifest.source),
        **manifest_parameters(manifest),
        **more,
    }
    nets = {"seed": work.seed, "device": work.device, "window": work.window}
    return known | (nets if work.weights else {})


def _text(value: object) -> str:
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@lru_cache(maxsize=2)
def _code(nets: bool) -> str:
    root = Path(texturekit.__file__).parent
    found = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root)
        if place.parts[0] in _ELSEWHERE or (place.parts[0] == "deep" and not nets):
            continue
        found.update(str(place).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


@cache
def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
