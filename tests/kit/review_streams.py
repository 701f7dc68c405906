"""A private stream that a test can cut or silence."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field

from accounts.models import ExchangeAccount
from signer.client import Signature
from tests.kit.desk import Desk
from trading.exchange.backpack.streams import Frame, Stream
from trading.exchange.errors import ExchangeUnavailable
from trading.execution.clients import credentials_of
from trading.execution.stream_readers import Message, StreamReader


@dataclass(slots=True)
class Line:
    """Cut: connections end and none opens. Silent: half open, nothing comes any more and nobody says so."""

    desk: Desk
    is_cut: bool = False
    is_silent: bool = False
    streams: list[Stream] = field(default_factory=list)

    def connect(self) -> _Stream:
        if self.is_cut:
            raise ExchangeUnavailable("stream: ConnectionRefusedError")
        stream = Stream.connect(self.desk.exchange.ws)
        self.streams.append(stream)
        return _Stream(stream, self)

    def cut(self) -> None:
        self.is_cut = True
        for stream in self.streams:
            stream.close()

    def reader(self, account: ExchangeAccount, messages: queue.SimpleQueue[Message]) -> StreamReader:
        credentials = credentials_of(account)
        return StreamReader(
            account_id=account.pk,
            connect=self.connect,
            sign_subscription=lambda: self.desk.rest.subscribe_signature(credentials),
            messages=messages,
            stop=self.desk.stop,
        )


class _Stream:
    def __init__(self, stream: Stream, line: Line) -> None:
        self._stream, self._line = stream, line

    def subscribe(self, streams: list[str], signature: Signature | None = None) -> None:
        self._stream.subscribe(streams, signature)

    def receive(self, timeout_s: float) -> Frame | None:
        frame = self._stream.receive(min(timeout_s, 0.1))
        if self._line.is_silent:
            time.sleep(timeout_s)
            return None
        return frame

    def ping(self) -> None:
        if not self._line.is_silent:
            self._stream.ping()

    @property
    def last_received_ns(self) -> int:
        return self._stream.last_received_ns

    def close(self) -> None:
        self._stream.close()


def in_thread(call: object, *, within_s: float) -> bool:
    """Return whether a call ends in time."""
    thread = threading.Thread(target=call, daemon=True)  # type: ignore[arg-type]
    thread.start()
    thread.join(within_s)
    return not thread.is_alive()
