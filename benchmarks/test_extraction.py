"""From picture files to the table, as shipped: over decoding alone, the usual loop, and one thread.

`extract` measures in a process of its own, which waits from the warm-up on: its time counts too.
"""

import time
from statistics import median

import pytest

from benchmarks import peers
from benchmarks.images import files, reduced
from benchmarks.results import RATIOS, budget
from texturekit import extract, load_source, supervision

COUNT = 1000
LOOP = 40  # files that the usual loop is timed on
FLOORS = {"png": (2.0, 1.9), "jpg": (4.0, 3.8)}  # at most, and goal
PEERS = {"png": (24, 24), "jpg": (36, 36)}  # at least, and goal
SCALING = {"png": (1.7, 1.92), "jpg": (1.7, 1.74)}  # at least, and goal


def cpu_time():
    """Return the seconds that this process and those that measure for it have computed."""
    waiting = [one.process.pid for one in supervision._idle]
    # The clock of another process, as clock_getcpuclockid(3) numbers it on Linux.
    return time.process_time() + sum(time.clock_gettime((~pid << 3) | 2) for pid in waiting)


@pytest.fixture
def warm():
    extract(load_source(files("png", 64)), "texture", out=None)
    list(supervision.supervised(*_some(), jobs=1, timeout=60))


def _some():
    import numpy as np

    from texturekit.features.grammar import parse_parts
    from texturekit.measurement import Work
    from texturekit.parts import pieces

    return load_source(files("png", 64)), np.arange(64), Work(pieces(parse_parts("texture")))


@pytest.mark.benchmark(timer=cpu_time, disable_gc=True)
@pytest.mark.parametrize("out", [False, True], ids=["memory", "file"])
@pytest.mark.parametrize("kind", FLOORS)
def test_texture_of_files_over_decoding_them(benchmark, kind, out, settings, warm, tmp_path):
    if peers.missing("cv2"):
        pytest.skip(peers.missing("cv2"))
    paths = files(kind, 256 if settings.quick else COUNT)
    data = load_source(paths)
    target = {"out": tmp_path / "t.parquet", "overwrite": True} if out else {}
    decoding = []

    def decode():
        start = time.process_time()
        for path in paths:
            peers.read(path)
        decoding.append(time.process_time() - start)

    benchmark.pedantic(
        lambda: extract(data, "texture", **target),
        setup=decode,
        rounds=settings.rounds,
        warmup_rounds=1,
    )
    if benchmark.stats is None:
        return
    spent = benchmark.stats.stats.data
    over = median(s / d for s, d in zip(spent, decoding[-len(spent) :], strict=True))
    most, goal = FLOORS[kind]
    where = "to Parquet" if out else "in memory"
    name = f"extract {kind} files {where}, over cv2.imread"
    budget(benchmark, name, over, most, f"times, goal {goal}")


@pytest.mark.slow
@pytest.mark.benchmark(timer=cpu_time, disable_gc=True)
@pytest.mark.parametrize("kind", PEERS)
def test_texture_of_files_over_the_usual_loop(benchmark, kind, settings, warm):
    if peers.missing("cv2"):
        pytest.skip(peers.missing("cv2"))
    paths = files(kind, COUNT)
    data, loop, theirs = load_source(paths), peers.every(32, reduced(32)), []

    def usual():
        start = time.process_time()
        for path in paths[:LOOP]:
            loop(peers.read(path))
        theirs.append((time.process_time() - start) / LOOP)

    benchmark.pedantic(
        lambda: extract(data, "texture"), setup=usual, rounds=settings.rounds, warmup_rounds=1
    )
    if benchmark.stats is None:
        return
    ours = [seconds / COUNT for seconds in benchmark.stats.stats.data]
    gate, goal = PEERS[kind]
    _row(benchmark, f"extract {kind} files", "skimage loop", ours, theirs, gate, goal)


@pytest.mark.slow
@pytest.mark.benchmark(timer=time.perf_counter, disable_gc=True)
@pytest.mark.parametrize("kind", SCALING)
def test_texture_of_files_with_two_threads(benchmark, kind, settings, two_cores):
    supervision._end_idle()  # it stays on the core that it was started on
    data = load_source(files(kind, COUNT))
    alone, shares = [], []

    def one_thread():
        start, worked = time.perf_counter(), cpu_time()
        extract(data, "texture")
        alone.append((time.perf_counter() - start) / COUNT)
        shares.append((cpu_time() - worked) / COUNT / alone[-1])

    benchmark.pedantic(
        lambda: extract(data, "texture", jobs=2),
        setup=one_thread,
        rounds=settings.rounds,
        warmup_rounds=1,
    )
    supervision._end_idle()
    if benchmark.stats is None:
        return
    ours = [seconds / COUNT for seconds in benchmark.stats.stats.data]
    gate, goal = SCALING[kind]
    name = f"extract {kind} files, 2 threads, wall"
    row = _row(benchmark, name, "1 thread", ours, alone, gate, goal)
    if median(shares) < 0.95:  # one thread alone did not have a core to itself
        row["why"] = "other work keeps the cores busy"


def _row(benchmark, name, peer, ours, theirs, gate, goal):
    """Note a ratio of times an image, taken in turns."""
    row = {
        "name": name,
        "side": 224,
        "peer": peer,
        "ours_ms": 1e3 * median(ours),
        "peer_ms": 1e3 * median(theirs),
        "ratio": median(t / o for t, o in zip(theirs[-len(ours) :], ours, strict=True)),
        "gate": gate,
        "goal": goal,
        "rounds": len(ours),
    }
    benchmark.extra_info.update(row)
    RATIOS.append(row)
    return row
