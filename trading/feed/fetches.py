"""Fetches: REST reads under way in the background, at most one per thing that is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Generic, NamedTuple, TypeVar

Answer = TypeVar("Answer")


class Fetched(NamedTuple, Generic[Answer]):
    """A read that ended: its answer, or the error, and the connection on which it was asked for."""

    name: str
    generation: int
    future: Future[Answer]


class Fetches(Generic[Answer]):
    """Run reads in an executor and hand back those that ended."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._running: dict[str, Fetched[Answer]] = {}

    def is_running(self, name: str) -> bool:
        """Tell whether this thing is being read."""
        return name in self._running

    def start(self, name: str, read: Callable[[], Answer], *, generation: int) -> None:
        """Begin to read, unless it is being read already."""
        if name not in self._running:
            self._running[name] = Fetched(name, generation, self._executor.submit(read))

    def ended(self) -> Iterator[Fetched[Answer]]:
        """Yield the reads that ended since the last time, each once."""
        for name in [name for name, fetched in self._running.items() if fetched.future.done()]:
            yield self._running.pop(name)
