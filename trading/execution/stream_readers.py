"""Stream readers: a thread per account that keeps its private stream connected and hands on what it shows."""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from signer.client import Signature
from signer.errors import SignerError
from trading.exchange.backpack.streams import Frame
from trading.exchange.errors import ExchangeError, StreamClosed

log = logging.getLogger(__name__)

RECEIVE_TIMEOUT_S = 0.25
ASK_AFTER_NS = 500_000_000  # of silence: a ping
DEAD_AFTER_NS = 1_200_000_000  # of silence: a connection that does not even answer a ping is half open
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.2, 10.0

ORDER_UPDATES = "account.orderUpdate"
POSITION_UPDATES = "account.positionUpdate"


class Connected(NamedTuple):
    """The private stream of an account shows everything from some time of our clock on: look at what came before."""

    account_id: int
    since_ns: int


class Disconnected(NamedTuple):
    """The private stream of an account shows nothing any more."""

    account_id: int
    reason: str


class Received(NamedTuple):
    """A frame of an account's private stream."""

    account_id: int
    frame: Frame


class LookedUp(NamedTuple):
    """The exchange has been asked about an account, with or without success, beginning at some time of our clock."""

    account_id: int
    succeeded: bool
    started_ns: int


Message = Connected | Disconnected | Received | LookedUp


class PrivateStream(Protocol):
    """A connection that shows what it was subscribed to."""

    def subscribe(self, streams: list[str], signature: Signature | None = None) -> None: ...

    def receive(self, timeout_s: float) -> Frame | None: ...

    def ping(self) -> None: ...

    @property
    def last_received_ns(self) -> int: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class StreamReader:
    """Keeps one account's private stream; `messages` gets its frames, and when it comes and goes."""

    account_id: int
    connect: Callable[[], PrivateStream]
    sign_subscription: Callable[[], Signature]
    messages: queue.SimpleQueue[Message]
    stop: threading.Event
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name=f"account-{self.account_id}", daemon=True)

    def start(self) -> None:
        """Start reading."""
        self.thread.start()

    def _run(self) -> None:
        backoff_s = FIRST_BACKOFF_S
        while not self.stop.is_set():
            try:
                self._read_until_it_ends()
                backoff_s = FIRST_BACKOFF_S
            except (ExchangeError, SignerError, OSError) as error:
                log.warning("account_stream_ended account=%s error=%s", self.account_id, error)
                self.messages.put(Disconnected(self.account_id, type(error).__name__))
                backoff_s = FIRST_BACKOFF_S if isinstance(error, StreamClosed) else backoff_s
            except Exception:  # the thread's outermost loop: a bug must not end it in silence
                log.exception("account_stream_failed account=%s", self.account_id)
                self.messages.put(Disconnected(self.account_id, "failure of ours"))
            self.stop.wait(backoff_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
            backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)

    def _read_until_it_ends(self) -> None:
        stream = self.connect()
        try:
            stream.subscribe([ORDER_UPDATES, POSITION_UPDATES], self.sign_subscription())
            self.messages.put(Connected(self.account_id, time.time_ns()))
            while not self.stop.is_set():
                frame = stream.receive(RECEIVE_TIMEOUT_S)
                if frame is not None:
                    self.messages.put(Received(self.account_id, frame))
                else:
                    _require_life(stream)
        finally:
            stream.close()


def _require_life(stream: PrivateStream) -> None:
    """Ask a silent connection for a sign of life. Raises: StreamClosed when it has not given one for too long."""
    silence_ns = time.time_ns() - stream.last_received_ns
    if silence_ns > DEAD_AFTER_NS:
        raise StreamClosed(f"silent for {silence_ns / 1e9:.1f} s")
    if silence_ns > ASK_AFTER_NS:
        stream.ping()
