"""Link: the feed's one connection, opened in the background and opened again whenever it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import NamedTuple

from trading.exchange.errors import ExchangeError, StreamRefused, UnexpectedAnswer
from trading.feed.backoff import Backoff
from trading.feed.ports import Frame, OpenStream, Stream

logger = logging.getLogger(__name__)

MAX_BATCH = 256
"""Frames read in one go before what they changed is published."""

_AT_ONCE_S = 0.001
_OPEN_ERRORS = (ExchangeError, OSError)


class Batch(NamedTuple):
    """Frames that came in together, all on the connection ``generation``."""

    generation: int
    frames: list[Frame]


class Link:
    """Keep one connection to the exchange's streams.

    `generation` goes up whenever the connection begins or ends, so that answers asked for on another
    connection can be told apart.
    """

    def __init__(
        self,
        open_stream: OpenStream,
        *,
        streams: Sequence[str],
        executor: Executor,
        backoff: Backoff,
        silence_ms: int,
        monotonic_ns: Callable[[], int],
        wait: Callable[[float], object],
    ) -> None:
        self.generation = 0
        self.connections = 0
        self._open_stream = open_stream
        self._streams = streams
        self._executor = executor
        self._backoff = backoff
        self._silence_ns = silence_ms * 1_000_000
        self._monotonic_ns = monotonic_ns
        self._wait = wait
        self._stream: Stream | None = None
        self._opening: Future[Stream] | None = None
        self._retry_at_ns = 0
        self._heard_at_ns = 0

    @property
    def is_open(self) -> bool:
        """Tell whether there is a connection now."""
        return self._stream is not None

    def receive(self, timeout_s: float) -> Batch:
        """Return the frames that are there, waiting for the first up to ``timeout_s``."""
        if self._stream is None:
            self._try_to_open(timeout_s)
            return Batch(self.generation, [])
        generation = self.generation
        frames: list[Frame] = []
        try:
            frame = self._stream.receive(timeout_s)
            while frame is not None:
                frames.append(frame)
                more = len(frames) < MAX_BATCH and self._stream.has_more()
                frame = self._stream.receive(_AT_ONCE_S) if more else None
        except (StreamRefused, UnexpectedAnswer) as error:
            # The connection stands: a market that is not subscribed never joins, a lost update shows as a gap.
            logger.error("stream_message_refused reason=%s", error)
        except _OPEN_ERRORS as error:
            self._end(str(error))
        self._listen(heard=bool(frames))
        return Batch(generation, frames)

    def close(self) -> None:
        """End the connection for good."""
        if self._opening is not None and not self._opening.cancel():
            self._opening.add_done_callback(_close_unwanted)
        if self._stream is not None:
            self._stream.close()
            self._stream = None
            self.generation += 1

    def _listen(self, *, heard: bool) -> None:
        now_ns = self._monotonic_ns()
        if heard:
            self._heard_at_ns = now_ns
            self._backoff.reset()
        elif self._stream is not None and now_ns - self._heard_at_ns > self._silence_ns:
            self._end("silence")

    def _try_to_open(self, timeout_s: float) -> None:
        if self._opening is None:
            if self._monotonic_ns() < self._retry_at_ns:
                self._wait(timeout_s)
                return
            self._opening = self._executor.submit(self._open)
        if not self._opening.done():
            self._wait(timeout_s)
            return
        opening, self._opening = self._opening, None
        try:
            self._stream = opening.result()
        except _OPEN_ERRORS as error:
            self._pause(str(error))
            return
        self.generation += 1
        self.connections += 1
        self._heard_at_ns = self._monotonic_ns()
        logger.info("stream_opened connections=%d", self.connections)

    def _open(self) -> Stream:
        stream = self._open_stream()
        try:
            stream.subscribe(self._streams)
        except BaseException:
            stream.close()
            raise
        return stream

    def _end(self, reason: str) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream = None
        self.generation += 1
        self._pause(reason)

    def _pause(self, reason: str) -> None:
        pause_ms = self._backoff.next_ms()
        self._retry_at_ns = self._monotonic_ns() + int(pause_ms * 1e6)
        logger.warning("stream_down reason=%s pause_ms=%d", reason, pause_ms)


def _close_unwanted(opening: Future[Stream]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
