"""Export every backbone as a trained network, and compare what the files say with what we say.

    python benchmarks/studies/exporting.py [BACKBONE ...]

Prints the table of docs/export.md. Weights are random: what is tested is whether two programs
compute the same. The head is scaled so that the logits spread as a trained one's do; flat
probabilities would agree whatever the network did. Pictures are TEXTUREKIT_DATA's breast
ultrasound where that is set, else noise.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

import texturekit as tk
from texturekit.data.pictures import Pictures
from texturekit.deep.backbones import BACKBONES
from texturekit.deep.heads import with_head
from texturekit.deep.looking import look
from texturekit.deep.networks import build_body
from texturekit.deep.settings import Head, Settings
from texturekit.deep.trained import Facts, Network
from texturekit.deep.weights import resolve_weights
from texturekit.exporting import export, run
from texturekit.methods.grammar import parse_method
from texturekit.methods.learners import PictureLearner
from texturekit.methods.learners import Settings as Learning
from texturekit.methods.model import Model, Preprocessing

CLASSES = ("a", "b", "c")
SHOWN = 16


def shown(card):
    """Return pictures as the network sees them."""
    root = os.environ.get("TEXTUREKIT_DATA")
    if root and Path(root, "breast_busi.csv").exists():
        data = tk.read_manifest(Path(root, "breast_busi.csv"))
        data = data.subset(np.linspace(0, len(data) - 1, SHOWN).astype(int))
        return list(Pictures(data, size=card.size, view=card.view))
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (SHOWN, card.size, card.size, 3), dtype=np.uint8)
    grey = [picture[:, :, :1].astype(np.float32) / 255 for picture in noise]
    return grey if card.view == "xray" else list(noise)


def model_of(card, pictures):
    """Return a network whose logits have a spread of 2."""
    torch.manual_seed(0)
    body = build_body(card, resolve_weights(card, "none", seed=0), seed=0)
    module = with_head(body, card, len(CLASSES), Head(dropout=0), (card.size,) * 2, seed=0).eval()
    seen = look(module, card, pictures, outputs=len(CLASSES), device="cpu").logits
    with torch.no_grad():
        factor = 2 / torch.from_numpy(seen.std(axis=0)).float()
        module.head.weight *= factor[:, None]
        module.head.bias -= torch.from_numpy(seen.mean(axis=0)).float() * factor
    facts = Facts(
        backbone=card.name, classes=CLASSES, kind="multiclass", trained=(True,) * 3,
        size=(card.size,) * 2, mean=card.mean, std=card.std, weights="random", best_epoch=0,
        history=(), settings=Settings(head=Head(dropout=0)),
    )  # fmt: skip
    method = parse_method(f"{card.name}/finetune")
    learner = PictureLearner(method, "multiclass", 3, Learning(), Network(module, facts))
    return Model(method, "multiclass", CLASSES, None, Preprocessing(card.size), learner)


def main(names):
    """Export each, and print a row."""
    torch.set_num_threads(1)
    print("| backbone | format | largest difference | MB | opset | seconds |", flush=True)
    print("|---|---|---|---|---|---|", flush=True)
    for name in names:
        card = BACKBONES[name]
        pictures = shown(card)
        model = model_of(card, pictures)
        seen = look(model.learner.network.module, card, pictures, outputs=3, device="cpu")
        expected = model.learner.network.probabilities(torch.from_numpy(seen.logits)).numpy()
        for form in ("onnx", "torchscript"):
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                made = export(model, Path(folder, "net"), form)
                seconds = time.perf_counter() - start
                found = run(made.path, form, {"picture": np.stack(pictures)})["probabilities"]
                opset = "-"
                if form == "onnx":
                    import onnx

                    opset = onnx.load(made.path).opset_import[0].version
            worst = np.abs(found - expected).max()
            print(
                f"| `{name}` | {form} | {worst:.1e} | {made.bytes / 1e6:.1f} | {opset} | "
                f"{seconds:.0f} |", flush=True,
            )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:] or [n for n in BACKBONES if "res224" not in n] + ["densenet121-res224-all"])
