"""Every kernel against its peers, at three sizes: see `rows`."""

import time

import pytest

from benchmarks.images import SIZES
from benchmarks.pairs import compare, why_not
from benchmarks.results import RATIOS
from benchmarks.rows import FAMILIES, KERNELS, TOGETHER

pytestmark = pytest.mark.benchmark(timer=time.process_time, disable_gc=True)


def name(value):
    return f"{value.name} - {value.peer}" if hasattr(value, "peer") else str(value)


@pytest.mark.parametrize("side", SIZES)
@pytest.mark.parametrize("pair", [*KERNELS, *FAMILIES], ids=name)
def test_pair(benchmark, pair, side, settings):
    time_pair(benchmark, pair, side, settings)


@pytest.mark.parametrize("pair", TOGETHER, ids=name)
def test_together(benchmark, pair, settings):
    time_pair(benchmark, pair, SIZES[0], settings)


def time_pair(benchmark, pair, side, settings):
    why = why_not(pair)
    if why:
        RATIOS.append({"name": pair.name, "side": side, "peer": pair.peer, "why": why})
        pytest.skip(why)
    compare(benchmark, pair, side, settings)
