"""What starting costs, as whole processes: the command, the first features, the compiler.

    python -m pytest benchmarks/test_startup.py --benchmark-only

Times are the CPU time of the processes.
"""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from benchmarks.results import budget
from texturekit.features import FEATURES, SETS
from texturekit.features.measuring import expand

TEXTUREKIT = str(Path(sys.executable).with_name("texturekit"))
FIRST = """
import time
import numpy as np, texturekit
image = np.random.default_rng(0).integers(0, 256, {shape}, dtype=np.uint8)
start = time.process_time()
texturekit.measure(image, {features!r})
print(time.process_time() - start)
"""


def first(features):
    """Return code that prints what the first features of a process cost."""
    colour = features in FEATURES and FEATURES[features].colour
    return FIRST.format(features=features, shape=(160, 160, 3) if colour else (160, 160))


def children():
    """Return the CPU time of the processes that ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def python(code, **environment):
    kept = os.environ | environment
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=kept, check=True, capture_output=True).stdout


@pytest.mark.benchmark(timer=children)
@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_start(benchmark, flag):
    if not Path(TEXTUREKIT).exists():
        pytest.skip("the texturekit command is not installed")
    bare, command = [], [TEXTUREKIT, flag]

    def start_python():
        start = children()
        python("pass")
        bare.append(children() - start)

    benchmark.pedantic(
        lambda: subprocess.run(command, check=True, capture_output=True),
        setup=start_python,
        rounds=15,
    )
    if benchmark.stats is not None:
        over = median(o - b for o, b in zip(benchmark.stats.stats.data, bare, strict=True))
        budget(benchmark, f"texturekit {flag}, over a bare Python", 1e3 * over, 100, "ms")


@pytest.mark.benchmark(timer=children)
def test_first_features_with_a_warm_cache(benchmark, settings):
    python(first("texture"))
    bare = []

    def import_numba():
        start = children()
        python("import numba")
        bare.append(children() - start)

    benchmark.pedantic(lambda: python(first("texture")), setup=import_numba, rounds=settings.rounds)
    if benchmark.stats is not None:
        ratio = median(o / b for o, b in zip(benchmark.stats.stats.data, bare, strict=True))
        budget(benchmark, "first features, warm, over import numba", ratio, 3, "times")


def families():
    default = {part.name for part in expand(SETS["texture"])}
    return ["texture", *(name for name in FEATURES if name not in default)]


@pytest.mark.slow
@pytest.mark.parametrize("features", families())
def test_cold_compilation(benchmark, features, tmp_path):
    seconds = []

    def compile_all():
        seconds.append(json.loads(python(first(features), NUMBA_CACHE_DIR=str(tmp_path))))

    benchmark.pedantic(compile_all, rounds=1)
    most = 20 if features == "texture" else 4
    budget(benchmark, f"first features of {features}, cold", seconds[0], most, "s of CPU time")
