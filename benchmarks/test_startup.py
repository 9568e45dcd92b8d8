"""What starting costs: ``texturekit --help`` beside a bare Python, as whole processes.

    python -m pytest benchmarks/test_startup.py --benchmark-only

The goal is at most 100 ms over bare Python's start.
"""

import subprocess
import sys
from pathlib import Path

import pytest

TEXTUREKIT = str(Path(sys.executable).with_name("texturekit"))


@pytest.mark.parametrize(
    "command",
    [[sys.executable, "-c", "pass"], [TEXTUREKIT, "--help"], [TEXTUREKIT, "--version"]],
    ids=["bare python", "--help", "--version"],
)
def test_start(benchmark, command):
    def start():
        subprocess.run(command, check=True, capture_output=True)

    benchmark.pedantic(start, rounds=15, warmup_rounds=2)
