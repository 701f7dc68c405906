"""Senders: kept threads, so that many requests leave at once and none waits for a thread to start."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

MAX_SENDERS = 16

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Senders:
    """Run a function over items in up to `MAX_SENDERS` threads, the caller's own among them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._owner_pid = os.getpid()

    def run(self, work: Callable[[_Item], _Result], items: Sequence[tuple[int, _Item]]) -> dict[int, _Result]:
        """Return the results by the items' places; one item costs no change of thread.

        `work` must not raise: what is done for the other items would be lost with it.
        """
        todo = deque(items)
        results: dict[int, _Result] = {}

        def drain() -> None:
            while True:
                try:
                    place, item = todo.popleft()
                except IndexError:
                    return
                results[place] = work(item)

        helpers = min(len(items), MAX_SENDERS) - 1
        futures = [self._threads().submit(drain) for _ in range(helpers)]
        drain()
        for future in futures:
            future.result()
        return results

    def close(self) -> None:
        """End the threads."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None or self._owner_pid != os.getpid():  # threads do not survive a fork
                self._owner_pid = os.getpid()
                self._pool = ThreadPoolExecutor(MAX_SENDERS - 1, thread_name_prefix="exchange-sender")
            return self._pool
