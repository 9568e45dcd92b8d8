"""What all metrics of many predictions cost, with their intervals: time, and flat memory."""

import time
import tracemalloc

import pytest

from benchmarks.results import budget
from benchmarks.studies.statistics_speed import predictions
from texturekit.metrics.summary import summarise

pytestmark = pytest.mark.slow
TASK = {"kind": "binary", "classes": ["sick", "well"], "positive": "sick"}
MANY = 100_000


def test_all_metrics_of_many_predictions(benchmark):
    frame = predictions(MANY)
    summarise(predictions(400), **TASK)
    seconds = []

    def ours():
        start = time.process_time()
        summarise(frame, **TASK)
        seconds.append(time.process_time() - start)

    benchmark.pedantic(ours, rounds=2)
    if benchmark.stats is not None:  # 12 methods on two cores in less than 60 s
        name = f"metrics of {MANY:,} predictions, 2,000 draws"
        budget(benchmark, name, min(seconds), 8, "s CPU, one method")


def test_memory_of_many_draws(benchmark):
    frame = predictions(MANY)
    peaks = []

    def ours():
        tracemalloc.start()
        summarise(frame, **TASK)
        peaks.append(tracemalloc.get_traced_memory()[1] / 2**20)
        tracemalloc.stop()

    benchmark.pedantic(ours, rounds=1)
    if benchmark.stats is not None:  # 2,000 draws of 25,000 patients would be 381 MiB
        budget(benchmark, f"memory of {MANY:,} predictions, 2,000 draws", peaks[0], 100, "MiB")
