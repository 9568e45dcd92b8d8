"""What the check with shuffled labels gives where nothing leaks, and what it costs.

python benchmarks/studies/shuffled_labels.py
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd

from texturekit.data.listing import Manifest
from texturekit.data.splits import kfold
from texturekit.methods.grammar import parse_method
from texturekit.methods.learners import Inputs, Settings
from texturekit.methods.permuted import mean_of, permuted_labels


def shuffles(name, sizes, *, refits, seed=5):
    """Return the AUCs of the refits; columns know patient and class, folds keep patients whole."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(sizes)), sizes)
    labels = (np.arange(len(sizes)) % 2)[group]
    ids = [f"{row:05d}" for row in range(len(group))]
    frame = pd.DataFrame({"id": ids, "path": ids, "group": [f"p{one:04d}" for one in group]})
    data = Manifest(frame, labels, ("a", "b"), "binary", Path(), "drawn")
    method = parse_method(name)
    blocks = {
        block: rng.normal(size=(len(sizes), len(columns)))[group]
        + 0.7 * rng.normal(size=(len(group), len(columns)))
        + 0.5 * labels[:, None]
        for block, columns in method.blocks.items()
    }
    found = permuted_labels(
        [method], data, Inputs(len(group), blocks), kfold(data, folds=5), positive="b",
        settings=Settings(seed=1), refits=refits,
    )  # fmt: skip
    return found.values


def main():
    """Print the mean of many refits, how often intervals of 20 cover one half, and seconds."""
    sizes = np.random.default_rng(5).integers(2, 5, 60)
    values = shuffles("lbp/knn", sizes, refits=400)
    batches = [mean_of(values[k : k + 20]) for k in range(0, 400, 20)]
    whole = mean_of(values)
    print(f"400 refits: mean {whole.value:.3f} [{whole.low:.3f}, {whole.high:.3f}]")
    print(f"covered by {sum(one.low <= 0.5 <= one.high for one in batches)} of 20 batches")
    for name, n in (("texture/logistic", 1000), ("texture/knn", 1000), ("texture/knn", 2000)):
        start = time.process_time()
        shuffles(name, np.full(n // 2, 2), refits=20)
        print(f"{name}, {n} images: {time.process_time() - start:.1f} s of one core")


if __name__ == "__main__":
    main()
