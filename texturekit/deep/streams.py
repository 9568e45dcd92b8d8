"""One network, many cores: each thread takes a block of pictures of its own through the network.

Threads inside the network's operations would have to meet after every one of them; where another
program, or decoding, wants a core for a moment, all of them wait. Blocks side by side never meet,
and their numbers do not depend on how many there are.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

#: More cores than these are shared out among the streams: each holds its own maps in memory.
MOST_STREAMS = 16
_ON_GPU = 2  # one prepares what to launch while the other waits for its numbers
_DECODERS = 8

Item = TypeVar("Item")
Decoded = TypeVar("Decoded")
Result = TypeVar("Result")


def stream_count(device: torch.device) -> int:
    """Return how many blocks are computed at once."""
    return _ON_GPU if device.type == "cuda" else min(torch.get_num_threads(), MOST_STREAMS)


def threads_inside(device: torch.device) -> int:
    """Return how many threads work on one block: 1 unless there are more cores than streams."""
    return 1 if device.type == "cuda" else torch.get_num_threads() // stream_count(device)


def streamed(
    items: Iterable[Item],
    decode: Callable[[Item], Decoded],
    compute: Callable[[Decoded], Result],
    device: torch.device,
) -> Generator[tuple[Item, Result], None, None]:
    """Decode and compute items side by side; give them back in their order.

    Items are taken, and decoded, only a few ahead of what was given back.

    Parameters
    ----------
    items : iterable
        Taken in the caller's own thread, while the others work.
    decode, compute : callable
        Run in threads: while an item is computed, the next ones are decoded.
    device : torch.device
        Where `compute` works.
    """
    count = stream_count(device)
    several = min(torch.get_num_threads(), _DECODERS)
    with (
        ThreadPoolExecutor(several, "decode") as decoders,
        _streams(count, device) as streams,
    ):
        waiting: deque[tuple[Item, Future[Result]]] = deque()
        try:
            for item in items:
                ready = decoders.submit(decode, item)
                waiting.append((item, streams.submit(_computed, compute, ready)))
                if len(waiting) > count + max(count, several):
                    first, job = waiting.popleft()
                    yield first, job.result()
            while waiting:
                first, job = waiting.popleft()
                yield first, job.result()
        finally:
            for _, job in waiting:
                job.cancel()
            decoders.shutdown(wait=True, cancel_futures=True)


def _computed(compute: Callable[[Decoded], Result], ready: Future[Decoded]) -> Result:
    with torch.inference_mode():
        return compute(ready.result())


@contextmanager
def _streams(count: int, device: torch.device) -> Iterator[ThreadPoolExecutor]:
    """Give threads whose operations use `threads_inside` threads each; others keep theirs."""
    usual, inside = torch.get_num_threads(), threads_inside(device)
    begun = threading.Barrier(count + 1)

    def begin() -> None:
        if device.type == "cuda":
            torch.cuda.set_stream(torch.cuda.Stream())  # type: ignore[no-untyped-call]
        else:
            torch.get_num_threads()  # a thread's first question sets it to the usual number
            torch.set_num_threads(inside)  # of this thread, and of threads that start from now on
        begun.wait()

    with ThreadPoolExecutor(count, "stream") as pool:
        for _ in range(count):
            pool.submit(begin)
        begun.wait()
        torch.set_num_threads(usual)
        yield pool
