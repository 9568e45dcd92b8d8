"""From picture files to the table: over decoding alone, and with two threads."""

import time
from statistics import median

import pytest

from benchmarks import peers
from benchmarks.images import files
from benchmarks.results import RATIOS, budget
from texturekit import extract, load_source

FLOORS = {"png": (2.5, 1.9), "jpg": (5.0, 3.8)}  # at most, and goal
SCALING = {"png": (1.7, 1.92), "jpg": (1.55, 1.74)}  # at least, and goal


@pytest.mark.benchmark(timer=time.process_time, disable_gc=True)
@pytest.mark.parametrize("kind", FLOORS)
def test_texture_of_files_over_decoding_them(benchmark, kind, settings):
    if peers.missing("cv2"):
        pytest.skip(peers.missing("cv2"))
    paths = files(kind, 64 if settings.quick else 256)
    data = load_source(paths)
    decoding = []

    def decode():
        start = time.process_time()
        for path in paths:
            peers.read(path)
        decoding.append(time.process_time() - start)

    benchmark.pedantic(
        lambda: extract(data, "texture"), setup=decode, rounds=settings.rounds, warmup_rounds=1
    )
    if benchmark.stats is None:
        return
    spent = benchmark.stats.stats.data
    over = median(s / d for s, d in zip(spent, decoding[-len(spent) :], strict=True))
    most, goal = FLOORS[kind]
    name = f"extract texture of {kind} files, over cv2.imread"
    budget(benchmark, name, over, most, f"times, goal {goal}")


@pytest.mark.slow
@pytest.mark.benchmark(timer=time.perf_counter, disable_gc=True)
@pytest.mark.parametrize("kind", SCALING)
def test_texture_of_files_with_two_threads(benchmark, kind, settings, two_cores):
    data = load_source(files(kind, 400))
    alone, shares = [], []

    def one_thread():
        start, worked = time.perf_counter(), time.process_time()
        extract(data, "texture")
        alone.append(time.perf_counter() - start)
        shares.append((time.process_time() - worked) / alone[-1])

    benchmark.pedantic(
        lambda: extract(data, "texture", jobs=2),
        setup=one_thread,
        rounds=settings.rounds,
        warmup_rounds=1,
    )
    if benchmark.stats is None:
        return
    spent = benchmark.stats.stats.data
    gate, goal = SCALING[kind]
    row = {
        "name": f"extract {kind} files, 2 threads, wall",
        "side": 224,
        "peer": "1 thread",
        "ours_ms": 1e3 * median(spent) / len(data),
        "peer_ms": 1e3 * median(alone) / len(data),
        "ratio": median(a / s for a, s in zip(alone[-len(spent) :], spent, strict=True)),
        "gate": gate,
        "goal": goal,
        "rounds": len(spent),
    }
    benchmark.extra_info.update(row)
    if median(shares) < 0.95:  # one thread alone did not have a core to itself
        row["why"] = "other work keeps the cores busy"
    RATIOS.append(row)
