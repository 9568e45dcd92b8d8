"""One row of the tables: what is ours, what is the peer's, and how the two are timed."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks import peers
from benchmarks.images import SIZES, pictures
from benchmarks.results import RATIOS
from texturekit.features.registry import FEATURES

clock = time.process_time  # what other processes do in between is not counted

PerSize = tuple[float | None, float | None, float | None]


@dataclass(frozen=True)
class Pair:
    """A line of a table.

    Attributes
    ----------
    name, ours : str, callable
        What is timed; ``ours(image)``.
    peer, theirs : str, callable
        Against whom; a key of `peers.MODULES`.
    gate, goal : per size
        How many times faster it has to be, and can be; None where nothing was promised.
    prepare : callable
        Makes of a photograph what both are given; not timed.
    avx2 : float
        The gate on a processor without AVX-512.
    """

    name: str
    ours: Callable[[Any], Any]
    peer: str
    theirs: Callable[[Any], Any]
    gate: PerSize = (None, None, None)
    goal: PerSize = (None, None, None)
    prepare: Callable[[Any], Any] = lambda image: image
    avx2: float | None = None


def family(name, **parameters):
    """Return the family as `measure` and `extract` call it: an image to an array of values."""

    def run(image):
        return FEATURES[name].measure(image, None, parameters)

    run.family = name
    return run


def why_not(pair):
    """Say why a pair cannot be timed here; empty if it can."""
    ours = getattr(pair.ours, "family", None)
    if ours is not None and ours not in FEATURES:
        return f"texturekit has no family {ours}"
    return peers.missing(pair.peer)


def compare(benchmark, pair, side, settings):
    """Time a pair in turns: a round of the peer, a round of ours, and again.

    pytest-benchmark keeps our rounds; the ratio, the median over the rounds, goes to its
    ``extra_info`` and to the closing table.
    """
    images = [pair.prepare(image) for image in pictures(side)]
    theirs, their_calls = _round(pair.theirs, images, settings.shortest)
    ours, our_calls = _round(pair.ours, images, settings.shortest)
    their_seconds = []

    def peers_turn():
        start = clock()
        theirs()
        their_seconds.append((clock() - start) / their_calls)

    benchmark.pedantic(ours, setup=peers_turn, rounds=settings.rounds)
    if benchmark.stats is None:  # --benchmark-disable
        return
    our_seconds = [seconds / our_calls for seconds in benchmark.stats.stats.data]
    at = SIZES.index(side)
    row = {
        "name": pair.name,
        "side": side,
        "peer": pair.peer,
        "ours_ms": 1e3 * median(our_seconds),
        "peer_ms": 1e3 * median(their_seconds),
        "ratio": median(t / o for t, o in zip(their_seconds, our_seconds, strict=True)),
        "gate": pair.gate[at],
        "goal": pair.goal[at],
        "rounds": len(our_seconds),
    }
    if pair.avx2 is not None and not settings.avx512:
        row |= {"gate": pair.avx2, "goal": None}
    benchmark.extra_info.update(row)
    RATIOS.append(row)


def _round(function, images, shortest):
    """Return a round of calls, as many of each image as fill the time, and their number."""
    for image in images:
        function(image)  # compiles, and fills caches
    start = clock()
    for image in images:
        function(image)
    again = max(1, math.ceil(shortest / max(clock() - start, 1e-9)))

    def run():
        for _ in range(again):
            for image in images:
                function(image)

    return run, again * len(images)
