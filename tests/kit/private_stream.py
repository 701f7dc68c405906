"""Private streams that a test can cut or silence."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from accounts.models import ExchangeAccount
from signer.client import Signature
from trading.exchange.backpack.streams import Frame, Stream
from trading.exchange.errors import ExchangeUnavailable
from trading.execution.stream_readers import Message, StreamReader

LONGEST_READ_S = 0.1


@dataclass(slots=True)
class Line:
    """What all private streams of a desk run over.

    Cut: connections end and none opens. Silent: half open, nothing comes any more and nobody says so.
    """

    address: str
    sign: Callable[[ExchangeAccount], Signature]
    is_cut: bool = False
    is_silent: bool = False
    refuses_after_s: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)
    streams: list[Stream] = field(default_factory=list)
    readers: list[StreamReader] = field(default_factory=list)

    def cut(self, *, refuses_after_s: float = 0.0) -> None:
        """End every connection and refuse new ones, at once or after a while."""
        self.refuses_after_s = refuses_after_s
        self.is_cut = True
        for stream in list(self.streams):
            stream.close()

    def silence(self) -> None:
        """Leave every connection open, and show nothing any more."""
        self.is_silent = True

    def connect(self) -> SilencedStream:
        """Open a connection. Raises: ExchangeUnavailable."""
        if self.is_cut:
            self.stop.wait(self.refuses_after_s)
            raise ExchangeUnavailable("stream: cut by the test")
        stream = Stream.connect(self.address)
        self.streams.append(stream)
        if self.is_cut:  # while it opened
            stream.close()
        return SilencedStream(stream, self)

    def reader(self, account: ExchangeAccount, messages: queue.SimpleQueue[Message]) -> StreamReader:
        """Return the reader of an account's private stream."""
        made = StreamReader(
            account_id=account.pk,
            connect=self.connect,
            sign_subscription=lambda: self.sign(account),
            messages=messages,
            stop=self.stop,
        )
        self.readers.append(made)
        return made

    def close(self) -> None:
        """End the readers and wait for them."""
        self.stop.set()
        self.cut()
        for reader in self.readers:
            reader.thread.join(timeout=5)
            assert not reader.thread.is_alive(), f"{reader.thread.name} does not end"


class SilencedStream:
    """A private stream that shows nothing while its line is silent."""

    def __init__(self, stream: Stream, line: Line) -> None:
        self._stream, self._line = stream, line

    def subscribe(self, streams: list[str], signature: Signature | None = None) -> None:
        """Ask for streams."""
        self._stream.subscribe(streams, signature)

    def receive(self, timeout_s: float) -> Frame | None:
        """Return the next message; None when none came, or may be seen."""
        shortly_s = min(timeout_s, LONGEST_READ_S)
        if self._line.is_silent:
            time.sleep(shortly_s)
            return None
        frame = self._stream.receive(shortly_s)
        return None if self._line.is_silent else frame

    def ping(self) -> None:
        """Ask for a sign of life, which a silent line does not carry."""
        if not self._line.is_silent:
            self._stream.ping()

    @property
    def last_received_ns(self) -> int:
        """Return when something last came."""
        return self._stream.last_received_ns

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()
