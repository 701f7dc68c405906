"""Framing: messages on the socket are a 4-byte big-endian length and that many bytes of JSON."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any, NoReturn

MAX_FRAME_BYTES = 8 * 1024 * 1024  # a thousand orders take 1 MB

_LENGTH = struct.Struct(">I")


class FrameTooLarge(Exception):
    """The length of a frame is beyond the limit; the connection cannot be followed any further."""


class NotJson(Exception):
    """A frame is not a JSON object."""


class PeerGone(Exception):
    """The other side has closed the connection."""


def encode(message: dict[str, Any]) -> bytes:
    """Return a message as a frame. Raises: FrameTooLarge."""
    body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    if len(body) > MAX_FRAME_BYTES:
        raise FrameTooLarge(f"{len(body)} bytes")
    return _LENGTH.pack(len(body)) + body


def read_frame(connection: socket.socket, *, rest_timeout_s: float | None) -> bytes:
    """Return the body of the next frame.

    The wait for its first byte is the socket's own time-out; once it has begun, the rest has `rest_timeout_s`
    per read, so that half a frame does not hold the reader for ever.

    Raises: PeerGone, FrameTooLarge, TimeoutError, OSError.
    """
    first = connection.recv(1)
    if not first:
        raise PeerGone
    idle_timeout_s = connection.gettimeout()
    connection.settimeout(rest_timeout_s)
    try:
        (length,) = _LENGTH.unpack(first + _read_exactly(connection, _LENGTH.size - 1))
        if length > MAX_FRAME_BYTES:
            raise FrameTooLarge(f"{length} bytes")
        return _read_exactly(connection, length)
    finally:
        connection.settimeout(idle_timeout_s)


def decode(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a frame. Raises: NotJson."""
    try:
        message = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        # `from None`: the error of the JSON module quotes the document, which may hold a secret
        raise NotJson(type(error).__name__) from None
    if not isinstance(message, dict):
        raise NotJson("not an object")
    return message


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _read_exactly(connection: socket.socket, count: int) -> bytes:
    parts = []
    while count:
        part = connection.recv(min(count, 1 << 20))
        if not part:
            raise PeerGone
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
