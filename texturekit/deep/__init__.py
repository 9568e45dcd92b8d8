"""Networks: embeddings and fine-tuning. The only folder that imports torch, and on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from texturekit.deep.backbones import BACKBONES, Backbone
    from texturekit.deep.embedding import Embedding, embed
    from texturekit.deep.trained import Network, load_network
    from texturekit.deep.training import finetune
    from texturekit.deep.weights import Weights, resolve_weights

__all__ = [
    "BACKBONES",
    "Backbone",
    "Embedding",
    "Network",
    "Weights",
    "embed",
    "finetune",
    "load_network",
    "resolve_weights",
]

_HOME = {
    "BACKBONES": "backbones",
    "Backbone": "backbones",
    "Embedding": "embedding",
    "Network": "trained",
    "Weights": "weights",
    "embed": "embedding",
    "finetune": "training",
    "load_network": "trained",
    "resolve_weights": "weights",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
