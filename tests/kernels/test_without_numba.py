"""Compiled kernels give the numbers of the Python that they are written in."""

import json
import os
import subprocess
import sys

import numpy as np

from texturekit.features import FEATURES

SCRIPT = """
import json, sys, warnings
import numpy as np
from texturekit.errors import GreyLevelWarning
from texturekit.features import measure

warnings.simplefilter("ignore", GreyLevelWarning)
rng = np.random.default_rng(7)
grey = rng.integers(0, 256, (24, 21), dtype=np.uint8)
mask = np.zeros(grey.shape, bool)
mask[2:22, 1:19] = True
mask[5, 6] = False
images = [(grey, None), (grey, mask), (grey / 300.0, None)]
names = sys.argv[1].split(",")
json.dump([[measure(*image[:1], name, image[1]) for image in images] for name in names], sys.stdout)
"""


def run(names, **environment):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, ",".join(names)],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_every_family_gives_the_same_numbers_interpreted():
    names = list(FEATURES)

    for name, slow, fast in zip(names, run(names, NUMBA_DISABLE_JIT="1"), run(names), strict=True):
        for one, other in zip(slow, fast, strict=True):
            assert list(one) == list(other)
            np.testing.assert_allclose(
                list(one.values()), list(other.values()), rtol=1e-11, atol=1e-12, err_msg=name
            )
