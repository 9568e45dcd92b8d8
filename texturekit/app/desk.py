"""A few threads that work, and a queue before them that ends somewhere."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from texturekit.app.limits import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


class Desk:
    """Threads for a model.

    Parameters
    ----------
    threads : int
        How many images are worked on at once.
    seats : int
        Requests inside; further ones are refused.
    """

    def __init__(self, threads: int, seats: int) -> None:
        self.pool = ThreadPoolExecutor(threads, "texturekit-serve")
        self.seats, self.taken = seats, 0
        self._work: set[Future[Any]] = set()

    @contextmanager
    def seat(self) -> Iterator[None]:
        """Hold a place inside; all callers share one event loop.

        Raises
        ------
        Refused
            503, if there is none.
        """
        self.check()
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1

    def check(self) -> None:
        """Raise what `seat` would raise now."""
        if self.taken >= self.seats:
            raise Refused(503, f"{self.taken} requests are being answered; try again in a moment.")

    async def ask(self, function: Callable[..., T], *arguments: Any) -> T:
        """Return a function's value, computed by one of the threads."""
        work = self.pool.submit(function, *arguments)
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        return await asyncio.wrap_future(work)

    @property
    def working(self) -> bool:
        """Whether a thread is at work, whoever waits for it."""
        return any(work.running() for work in list(self._work))

    def end(self) -> None:
        """Let nothing new begin."""
        self.pool.shutdown(wait=False, cancel_futures=True)
