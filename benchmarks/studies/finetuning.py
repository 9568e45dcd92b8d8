"""A small net fine-tuned from given weights, against itself from random ones and the majority.

TEXTUREKIT_DATA=... python benchmarks/studies/finetuning.py --weights FILE.npz
    [--sets brain,breast_busi,...] [--size 128] [--folds 3] [--epochs N] [--limit N] [--seed 0]

Every set is cut into the same grouped folds for all three; copies of an image stay in one fold.
Under each set stands a test of the difference of the nets, clustered by group; the table is last.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import pandas as pd

import texturekit as tk
from texturekit.data.card import Card, load_card
from texturekit.data.tasks import apply_card
from texturekit.events import Event, listening
from texturekit.metrics.verdicts import compare_methods

BACKBONE = "squeezenet1_1"
METHODS = ["majority/dummy", f"{BACKBONE}/finetune"]
METRICS = ("roc_auc", "balanced_accuracy", "accuracy")
#: Set: positive class, and the task whose changes of training pictures fit it.
SETS = {
    "brain": ("yes", "brain"),
    "breast_busi": ("malignant", "breast"),
    "chest_pneumonia": ("PNEUMONIA", "chest"),
    "cervix_herlev": (None, "cervix"),
}


def main() -> None:
    asked = arguments()
    folder = Path(os.environ["TEXTUREKIT_DATA"])
    rows = []
    with listening(say):
        for name in asked.sets.split(","):
            rows += study(name, folder, asked)
    print(pd.DataFrame(rows).drop(columns=["weights"]).to_string(index=False))


def say(event: Event) -> None:
    """Print each epoch and fold as it ends, and what is warned of."""
    if event.message and event.level == "warning":
        print("    warning:", event.message, flush=True)
    elif event.stage.startswith(("training", "running squeezenet")):
        print(f"    {event.stage}: {event.done} of {event.total}", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--weights", required=True)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def study(name: str, folder: Path, asked: argparse.Namespace) -> list[dict[str, object]]:
    """Return a row for each of the three, and print them as they come."""
    data, positive = manifest(name, folder)
    print(f"{name}: {len(data)} images, {data.group_count} groups", flush=True)
    runs, rows = {}, []
    for start, weights in (("pretrained", asked.weights), ("scratch", "none")):
        began = time.perf_counter()
        result = tk.compare(
            data=data, methods=METHODS, weights=weights, folds=asked.folds, seed=asked.seed,
            size=asked.size, epochs=asked.epochs, limit=asked.limit, positive=positive,
            device="cpu", jobs=2, images=False,
        )  # fmt: skip
        runs[start] = result
        for method in result.results.methods:
            if start == "scratch" and method.family == "baseline":
                continue
            label = method.name if method.family == "baseline" else f"{method.name} {start}"
            rows.append(row(name, label, method, time.perf_counter() - began))
            print("  ", rows[-1], flush=True)
    print("  ", difference(runs), flush=True)
    return rows


def manifest(name: str, folder: Path) -> tuple[tk.Manifest, str | None]:
    positive, like = SETS[name]
    data = tk.read_manifest(folder / f"{name}.csv")
    card = Card(
        name=name, title=name, kind=data.kind, classes=data.classes, positive=positive,
        channels=3, augmentation=load_card(like).augmentation,
    )  # fmt: skip
    return apply_card(data, card), positive


def row(name: str, label: str, method: object, seconds: float) -> dict[str, object]:
    found: dict[str, object] = {"set": name, "method": label}
    for metric in METRICS:
        if method.status != "ok":
            found[metric] = method.reason
            continue
        area = method.metrics[metric]
        span = "" if area.low is None else f" [{area.low:.3f}, {area.high:.3f}]"
        found[metric] = "n/a" if area.value is None else f"{area.value:.3f}{span}"
    return found | {"weights": method.weights or "", "minutes": round(seconds / 60, 1)}


def difference(runs: dict[str, tk.Study]) -> str:
    """Test the AUC of the two nets on the same images."""
    frames = []
    for start, run in runs.items():
        rows = run.predictions[run.predictions["method"] == METHODS[1]]
        frames.append(rows.assign(method=start))
    results = runs["scratch"].results
    compared = compare_methods(
        pd.concat(frames, ignore_index=True), list(runs), kind=results.kind,
        classes=results.classes, positive=results.positive, reference="scratch",
    )  # fmt: skip
    return next(one.sentence for one in compared if one.metric == "roc_auc")


if __name__ == "__main__":
    main()
