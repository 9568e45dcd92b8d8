"""What `measure` and the table path cost over their kernels, and the default set as a whole."""

import math
import time
from statistics import median

import numpy as np
import pytest

from benchmarks.images import pictures
from benchmarks.kernel_calls import recorded
from benchmarks.results import budget
from texturekit import measure
from texturekit.features import FEATURES, SETS, columns

pytestmark = pytest.mark.benchmark(timer=time.process_time, disable_gc=True)
CALLS = 20


@pytest.mark.parametrize("features", [*SETS, *FEATURES])
def test_measure_over_its_kernels(benchmark, features, settings):
    image = pictures(224)[0]
    if features in FEATURES and FEATURES[features].colour:
        image = np.stack(pictures(224)[:3], axis=2)
    replay, kernels = recorded(lambda: measure(image, features))
    start = time.process_time()
    measure(image, features)
    calls = math.ceil(settings.shortest / max(time.process_time() - start, 1e-9))
    alone = []

    def kernels_turn():
        start = time.process_time()
        for _ in range(calls):
            replay()
        alone.append((time.process_time() - start) / calls)

    def ours():
        for _ in range(calls):
            measure(image, features)

    benchmark.pedantic(ours, setup=kernels_turn, rounds=3 * settings.rounds, warmup_rounds=2)
    if benchmark.stats is None:
        return
    whole = [seconds / calls for seconds in benchmark.stats.stats.data]
    over = median(w - k for w, k in zip(whole, alone[-len(whole) :], strict=True))
    count = len(columns(features))
    name = f"measure {features}: over its {kernels} kernel calls"
    budget(benchmark, name, 1e6 * over, 20 + 0.06 * count, f"us, {count} columns")


def test_the_default_set_of_one_small_image(benchmark):
    image = pictures(224)[0]
    measure(image, "texture")

    def ours():
        for _ in range(CALLS):
            measure(image, "texture")

    benchmark.pedantic(ours, rounds=15, warmup_rounds=1)
    if benchmark.stats is not None:
        spent = 1e3 * np.median(benchmark.stats.stats.data) / CALLS
        budget(benchmark, "measure texture, 224 (a stretch, no gate)", spent, 0.30, "ms")
