"""Does a search of settings help? Defaults against tuned methods; docs/tuning.md quotes the output.

TEXTUREKIT_DATA=... python benchmarks/studies/tuning.py brain.csv breast_busi.csv \
    --methods texture/logistic,texture/svm,squeezenet1_1/logistic --weights PATH --tune 8
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

import pandas as pd

from texturekit.comparison import _usable
from texturekit.methods.model import prepare
from texturekit.methods.outcomes import score
from texturekit.methods.planning import Options, settle
from texturekit.methods.running import run_method
from texturekit.methods.separation import separate, without_contradictions
from texturekit.metrics.verdicts import compare_methods


def measured(name: str, asked: argparse.Namespace) -> None:
    options = Options(methods=asked.methods, weights=asked.weights, folds=5, seed=asked.seed)
    job = settle(None, Path(os.environ["TEXTUREKIT_DATA"], name), options)
    job, repeated = without_contradictions(job)
    inputs, found = prepare(job.manifest, job.methods, job.preprocessing)
    used = _usable(job.manifest, found)
    among = None if repeated is None else repeated.among(found.usable)
    apart = separate(job.options, used, among)
    how = {"kind": job.kind, "classes": used.classes, "positive": job.positive}
    print(f"{name}: {len(used)} images, {used.group_count} groups", flush=True)
    for method in job.methods:
        frames = {}
        for budget in (0, asked.tune):
            settings = replace(job.settings, tune=budget)
            run = run_method(
                method,
                apart.manifest,
                inputs,
                apart.folds,
                positive=job.positive,
                settings=settings,
            )
            row = score(method, run, found, **how)
            told(row, budget)
            frames[budget] = run.predictions.assign(method=f"{method.name} {budget}")
        names = [f"{method.name} {budget}" for budget in (asked.tune, 0)]
        both = pd.concat(frames.values(), ignore_index=True)
        tests = compare_methods(both, names, reference=names[1], **how)
        area = next(one for one in tests if one.metric == "roc_auc")
        sign = 1 if area.a == names[0] else -1
        ends = sorted(sign * end for end in (area.low, area.high))
        print(f"  tuned minus default {sign * area.difference:+.4f} "
              f"[{ends[0]:+.4f}, {ends[1]:+.4f}], p {area.p:.3f}", flush=True)  # fmt: skip


def told(row, budget: int) -> None:
    area = row.metrics["roc_auc"]
    print(f"  {row.name}, {budget} candidates: AUC {area.value:.4f} "
          f"[{area.low:.3f}, {area.high:.3f}], fitting {row.seconds.fit:.1f} s",
          flush=True)  # fmt: skip
    if row.tuning is None:
        return
    folds: dict[int, list] = {}
    for trial in row.tuning.trials:
        folds.setdefault(trial.fold, []).append(trial)
    chosen = [next(t for t in trials if t.chosen) for trials in folds.values()]
    inside = sum(t.score for t in chosen) / len(chosen)
    first = sum(trials[0].score for trials in folds.values()) / len(folds)
    print(f"    inside: defaults {first:.4f}, chosen {inside:.4f}; "
          f"{[t.candidate for t in chosen]}", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--methods", required=True)
    parser.add_argument("--weights", default="auto")
    parser.add_argument("--tune", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    for name in asked.sets:
        measured(name, asked)


if __name__ == "__main__":
    main()
