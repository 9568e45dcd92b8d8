"""Precision, recall and cost of the search for copies; docs/audit.md quotes the output.

TEXTUREKIT_DATA=... python benchmarks/studies/duplicates.py           pairs against known groups
python benchmarks/studies/duplicates.py --made 100000                 time and memory, made images
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from itertools import combinations
from pathlib import Path

import numpy as np

import texturekit as tk
from texturekit.data import duplicates
from texturekit.data.likeness import SIDE, Sketches, perceptual_hash

SETS = ("brain.csv", "breast_busi3.csv", "chest_pneumonia.csv", "fundus_odir.csv",
        "cervix_herlev.csv", "oct.csv", "texture_dtd.csv",
        "chest_pneumoniamnist/pneumoniamnist.npz")  # fmt: skip
KNOWN = ("brain.csv", "breast_busi3.csv")


def pairs(groups):
    return {pair for group in groups for pair in combinations(group, 2)}


def on_real_sets(root: Path, jobs: int) -> None:
    for name in SETS:
        data = tk.load_source(root / name)
        start = time.perf_counter()
        found = duplicates.find_duplicates(data, jobs=jobs)
        seconds = time.perf_counter() - start
        print(
            f"{name}: {len(data)} images, {seconds:.1f} s; groups exact {len(found.exact)}, near "
            f"{len(found.near)}, possible {len(found.possible)}; near from {found.near_from:.2f}, "
            f"possible from {found.possible_from:.2f}"
        )
        if name not in KNOWN:
            continue
        known: dict[str, list[int]] = {}
        for row, group in enumerate(data.groups):
            known.setdefault(group, []).append(row)
        truth = pairs(known.values())
        for level in ("near", "possible"):
            told = pairs(found.level(level))
            right = len(told & truth)
            print(f"  {level}: {len(told)} pairs, precision {right / len(told):.3f}, "
                  f"recall {right / len(truth):.3f}")  # fmt: skip


def on_made_images(n: int, jobs: int, *, alike: bool) -> None:
    """Time the search after decoding: sketches are made from noise, some of it repeated."""
    rng = np.random.default_rng(0)
    hashes = np.zeros((3, n, 2), np.uint64)
    small = np.zeros((2, n, SIDE, SIDE), np.uint8)
    common = rng.normal(0, 30, (12, 12))
    for row in range(n):
        if row % 20 == 19:
            small[:, row], hashes[:, row] = small[:, row - 10], hashes[:, row - 10]
            small[:, row, 5, 5] ^= 1
            continue
        coarse = rng.normal(0, 30, (12, 12)) * (0.3 if alike else 1) + (common if alike else 0)
        picture = np.kron(coarse, np.ones((4, 4))) + rng.normal(0, 12, (SIDE, SIDE)) + 128
        small[:, row] = np.clip(picture, 0, 255).astype(np.uint8)
        hashes[:, row] = perceptual_hash(small[0, row])
    usable = np.ones(n, dtype=bool)
    sketches = Sketches(hashes, small, usable, usable, trimmed=False)
    start = time.perf_counter()
    compared = duplicates.alike_pairs(sketches, np.arange(n), jobs=jobs)
    seconds = time.perf_counter() - start
    near = int((compared.likeness > 0.9).sum())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    kind = "made images, all alike" if alike else "made images"
    print(
        f"{n} {kind}: {seconds:.0f} s with {jobs} threads, {len(compared.left)} pairs compared, "
        f"{near} copies of {n // 20} found, peak {peak:.2f} GiB"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--made", type=int)
    parser.add_argument("--alike", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    if asked.made:
        on_made_images(asked.made, asked.jobs, alike=asked.alike)
    else:
        on_real_sets(Path(os.environ["TEXTUREKIT_DATA"]), asked.jobs)
