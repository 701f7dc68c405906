"""Streams: one WebSocket connection to Backpack, read frame by frame with a time-out."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import certifi
import orjson
import websocket
from websocket import ABNF

from signer.client import Signature
from trading.exchange.errors import ExchangeUnavailable, StreamClosed, StreamRefused, UnexpectedAnswer

_PORT, _TLS_PORT = 80, 443
_CLOSE_CODE_BYTES = 2


class Frame(NamedTuple):
    """One message of a stream. Units: received_ns is our wall clock when it came in."""

    stream: str
    data: dict[str, Any]
    received_ns: int


class _Socket(websocket.WebSocket):
    """A WebSocket whose failed pong is a closed connection.

    A pong that times out half-written would otherwise look like a read that timed out, and the next message
    would be written into the middle of it.
    """

    def pong(self, payload: str | bytes = "") -> None:
        try:
            super().pong(payload)
        except websocket.WebSocketTimeoutException as error:
            raise websocket.WebSocketConnectionClosedException("the pong cannot be written") from error


class Stream:
    """A connection to Backpack's streams. For one reading thread; closing it from another is fine.

    The server pings every 60 s; pings are answered while `receive` runs, so call it at least that often.
    `last_received_ns` counts them too: it says that the connection lives, even where nothing is traded.
    """

    def __init__(self, connection: websocket.WebSocket) -> None:
        self._connection = connection
        self._is_closed = False
        self.last_received_ns = time.time_ns()

    @classmethod
    def connect(cls, url: str, timeout_s: float = 5.0) -> Stream:
        """Open a connection. Raises: ExchangeUnavailable."""
        connection = _Socket(skip_utf8_validation=True)  # the JSON parser validates what it reads
        connection.settimeout(timeout_s)
        try:
            connection.connect(  # type: ignore[no-untyped-call]
                url, socket=_open_socket(url, timeout_s), redirect_limit=0, suppress_origin=True
            )
        except (OSError, websocket.WebSocketException, ValueError) as error:
            raise ExchangeUnavailable(f"stream: {type(error).__name__}") from error
        return cls(connection)

    def subscribe(self, streams: Sequence[str], signature: Signature | None = None) -> None:
        """Ask for streams; private ones (`account.…`) need a signature of the instruction `subscribe`.

        There is no acknowledgement: a refusal comes as StreamRefused from `receive`.

        Raises: StreamClosed.
        """
        message: dict[str, object] = {"method": "SUBSCRIBE", "params": list(streams)}
        if signature is not None:
            message["signature"] = [
                signature.api_key,
                signature.signature,
                str(signature.timestamp_ms),
                str(signature.window_ms),
            ]
        self._send(message)

    def unsubscribe(self, streams: Sequence[str]) -> None:
        """Ask for no more of some streams. Raises: StreamClosed."""
        self._send({"method": "UNSUBSCRIBE", "params": list(streams)})

    def receive(self, timeout_s: float) -> Frame | None:
        """Return the next message, or None when none came in time.

        A time-out in the middle of a message loses nothing: what has come is kept, and read on next time.

        Raises: StreamClosed, StreamRefused, UnexpectedAnswer.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            message = self._next(max(deadline - time.monotonic(), 0.001))
            if message is not None:
                return _frame(message, self.last_received_ns)
            if time.monotonic() >= deadline:
                return None

    def ping(self) -> None:
        """Ask for a sign of life, which shows in `last_received_ns`. Raises: StreamClosed."""
        if self._is_closed:
            raise StreamClosed("closed by us")
        try:
            self._connection.ping()
        except (OSError, websocket.WebSocketException, AttributeError) as error:
            self.close()
            raise StreamClosed(type(error).__name__) from error

    def fileno(self) -> int:
        """Return the socket's descriptor, to wait on several streams at once."""
        return int(self._connection.fileno())  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Close the connection without waiting for the other side."""
        self._is_closed = True
        self._connection.abort()  # type: ignore[no-untyped-call]  # wakes a thread that is waiting in `receive`
        self._connection.shutdown()  # type: ignore[no-untyped-call]

    def _next(self, timeout_s: float) -> bytes | None:
        """Return the next message's bytes; None after a ping, a pong or a time-out."""
        if self._is_closed:
            raise StreamClosed("closed by us")
        try:
            self._connection.settimeout(timeout_s)
            opcode, payload = self._connection.recv_data(control_frame=True)
        except websocket.WebSocketTimeoutException:
            return None
        except (OSError, websocket.WebSocketException, AttributeError, ValueError) as error:
            # the last two: closed by another thread between two of the library's steps
            self.close()
            raise StreamClosed(type(error).__name__) from error
        self.last_received_ns = time.time_ns()
        if opcode == ABNF.OPCODE_CLOSE:
            self.close()
            raise StreamClosed(f"by the exchange, code {int.from_bytes(payload[:_CLOSE_CODE_BYTES], 'big')}")
        if opcode in (ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY):
            return bytes(payload)
        return None

    def _send(self, message: dict[str, object]) -> None:
        if self._is_closed:
            raise StreamClosed("closed by us")
        try:
            self._connection.send(orjson.dumps(message), ABNF.OPCODE_TEXT)
        except (OSError, websocket.WebSocketException, AttributeError, ValueError) as error:
            self.close()
            raise StreamClosed(type(error).__name__) from error


def _open_socket(url: str, timeout_s: float) -> socket.socket:
    """Return a connected socket: opened here, because the library would ask the environment for a proxy."""
    address = urlsplit(url)
    host = address.hostname or ""
    is_secure = address.scheme == "wss"
    plain = socket.create_connection((host, address.port or (_TLS_PORT if is_secure else _PORT)), timeout_s)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not is_secure:
        return plain
    return ssl.create_default_context(cafile=certifi.where()).wrap_socket(plain, server_hostname=host)


def _frame(message: bytes, received_ns: int) -> Frame:
    try:
        document = orjson.loads(message)
        if "data" in document:
            return Frame(document["stream"], document["data"], received_ns)
        error = document["error"]
        refusal = StreamRefused(int(error["code"]), str(error["message"]))
    except (orjson.JSONDecodeError, TypeError, KeyError, ValueError) as error:
        raise UnexpectedAnswer(f"stream: a message of {len(message)} bytes of unknown form") from error
    raise refusal
