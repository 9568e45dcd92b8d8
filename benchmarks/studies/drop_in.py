"""What a test file of a peer imports instead: our drop-ins, counted, and the rest as it is.

`peer_tests` gives this module to pytest as a plugin too: it notes for every test how it ended, and
whether it called a drop-in at all.
"""

import functools
import importlib
import json
import os
from pathlib import Path

import texturekit.compat.mahotas
import texturekit.compat.skimage

PEERS = ("skimage.feature", "skimage.filters", "mahotas.features.texture")
calls = []


def counted(function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        calls.append(function.__name__)
        return function(*args, **kwargs)

    return call


for ours in (texturekit.compat.skimage, texturekit.compat.mahotas):
    globals().update({name: counted(getattr(ours, name)) for name in ours.__all__})


def __getattr__(name):
    if name.startswith(("pytest", "__")):  # pytest looks for its hooks here
        raise AttributeError(name)
    for peer in PEERS:
        try:
            return getattr(importlib.import_module(peer), name)
        except (AttributeError, ImportError):
            continue
    raise AttributeError(name)


def fetch(name):
    """Give a peer's reference array from its own archive, where scikit-image would download it."""
    return str(Path(os.environ["PEER_ARCHIVE"], "src", "skimage", name))


def pytest_runtest_setup(item):
    calls.clear()


def pytest_runtest_logreport(report):
    if report.when != "call" and report.outcome == "passed":
        return
    row = {
        "test": report.nodeid.split("::", 1)[1],
        "outcome": report.outcome,
        "calls": sorted(set(calls)),
        "why": why(report),
    }
    with Path(os.environ["PEER_RESULTS"]).open("a") as file:
        print(json.dumps(row), file=file)


def why(report):
    if report.outcome == "skipped":
        return report.longrepr[2]
    crash = getattr(report.longrepr, "reprcrash", None)
    return crash.message.partition("\n")[0] if crash else ""
