"""Time and memory of all metrics of many predictions; docs/statistics.md quotes the output.

python benchmarks/studies/statistics_speed.py                     100,000 predictions x 12 methods
python benchmarks/studies/statistics_speed.py --images 400000     the same memory a method?

Two classes, 4 images a patient, 5 folds; every metric with its interval, 2,000 bootstrap draws.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from texturekit.metrics.resampling import DRAWS
from texturekit.metrics.summary import summarise


def predictions(images, seed=0, per_patient=4, folds=5):
    """Return the predictions of one method."""
    rng = np.random.default_rng(seed)
    patients = images // per_patient
    images = patients * per_patient
    patient = np.repeat(np.arange(patients), per_patient)
    y = (rng.random(patients) < 0.3)[patient]
    own = rng.normal(size=patients)[patient]
    p = 1 / (1 + np.exp(-(0.7 * own + 0.7 * rng.normal(size=images) + 1.5 * (y - 0.5))))
    return pd.DataFrame(
        {
            "id": [f"i{i:07d}" for i in range(images)],
            "group": [f"p{i}" for i in patient],
            "repeat": 0,
            "fold": rng.permutation(patients)[patient] % folds,
            "split": "test",
            "label": np.where(y, "sick", "well"),
            "predicted": np.where(p >= 0.5, "sick", "well"),
            "threshold": 0.5,
            "p.sick": p,
            "p.well": 1 - p,
        }
    )


def scored(images, seed):
    frame = predictions(images, seed)
    start = time.process_time()
    found = summarise(frame, kind="binary", classes=["sick", "well"], positive="sick")[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found["roc_auc"].value, time.process_time() - start, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--methods", type=int, default=12)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    start = time.perf_counter()
    tasks = (delayed(scored)(arguments.images, seed) for seed in range(arguments.methods))
    _, seconds, peaks = zip(*Parallel(n_jobs=arguments.jobs)(tasks), strict=True)
    wall = time.perf_counter() - start
    print(f"{arguments.images:,} predictions x {arguments.methods} methods, {DRAWS:,} draws each, "
          f"{arguments.jobs} jobs: {wall:.1f} s wall, {sum(seconds):.1f} s CPU in the metrics, "
          f"peak {max(peaks):.0f} MiB a process")  # fmt: skip


if __name__ == "__main__":
    main()
