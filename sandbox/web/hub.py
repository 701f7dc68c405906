"""Connections and the streams they subscribed to."""

from __future__ import annotations

import asyncio
from typing import Protocol

MAX_PENDING_BYTES = 4 * 1024 * 1024
_TEXT_FRAME = 0x81
_GOING_AWAY_FRAME = b"\x88\x02\x03\xe9"
_SHORT = 125
_MEDIUM = 65_535


class Wire(Protocol):
    """The part of a transport that a connection writes to."""

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def get_write_buffer_size(self) -> int:
        """Return how many bytes the client has not taken yet."""

    def abort(self) -> None:
        """Drop the client."""

    def close(self) -> None:
        """Close after what was written has gone out."""


def text_frame(payload: bytes) -> bytes:
    """Return a WebSocket text frame. Servers do not mask, so one frame serves every subscriber."""
    length = len(payload)
    if length <= _SHORT:
        return bytes((_TEXT_FRAME, length)) + payload
    if length <= _MEDIUM:
        return bytes((_TEXT_FRAME, 126)) + length.to_bytes(2, "big") + payload
    return bytes((_TEXT_FRAME, 127)) + length.to_bytes(8, "big") + payload


class Connection:
    """One client. Frames are collected and written once per turn of the loop; one who does not read is dropped."""

    __slots__ = ("_loop", "_pending", "_wire", "heard_at", "is_open", "topics")

    def __init__(self, wire: Wire, loop: asyncio.AbstractEventLoop) -> None:
        self._wire = wire
        self._loop = loop
        self._pending: list[bytes] = []
        self.is_open = True
        self.heard_at = 0.0
        self.topics: dict[str, Topic] = {}

    def drop(self) -> None:
        """Close at once; the client does not read, or does not answer pings."""
        self.is_open = False
        self._wire.abort()

    def say_goodbye(self) -> None:
        """Send a close frame, and close."""
        if self.is_open:
            self.is_open = False
            self._wire.write(_GOING_AWAY_FRAME)
            self._wire.close()

    def push(self, frame: bytes) -> None:
        """Send a frame with the next turn of the loop."""
        pending = self._pending
        if not pending:
            self._loop.call_soon(self._flush)
        pending.append(frame)

    def _flush(self) -> None:
        data = b"".join(self._pending)
        self._pending.clear()
        if not self.is_open:
            return
        if self._wire.get_write_buffer_size() + len(data) > MAX_PENDING_BYTES:
            self.drop()
            return
        self._wire.write(data)


class Topic:
    """Subscribers of one stream. Whoever publishes keeps the topic and asks `subscribers` before it renders."""

    __slots__ = ("name", "subscribers")

    def __init__(self, name: str) -> None:
        self.name = name
        self.subscribers: list[Connection] = []

    def send(self, data: bytes) -> None:
        """Send rendered data to every subscriber, in the envelope of streams."""
        frame = text_frame(b'{"data":' + data + b',"stream":"' + self.name.encode() + b'"}')
        for connection in self.subscribers:
            connection.push(frame)


class Hub:
    """All topics. Private ones exist once per account; they share names, not subscribers."""

    def __init__(self) -> None:
        self._topics: dict[tuple[str, str], Topic] = {}
        self._connections: set[Connection] = set()

    def join(self, connection: Connection) -> None:
        """Welcome a connection."""
        self._connections.add(connection)

    def close(self) -> None:
        """Say goodbye to everybody."""
        for connection in self._connections:
            connection.say_goodbye()

    def topic(self, name: str, *, account: str = "") -> Topic:
        """Return the topic of a stream, and of an account where it is private."""
        key = (account, name)
        found = self._topics.get(key)
        if found is None:
            found = self._topics[key] = Topic(name)
        return found

    def subscribe(self, connection: Connection, topic: Topic) -> bool:
        """Subscribe a connection; return False when it already was."""
        if connection in topic.subscribers:
            return False
        previous = connection.topics.get(topic.name)
        if previous is not None:
            previous.subscribers.remove(connection)
        connection.topics[topic.name] = topic
        topic.subscribers.append(connection)
        return True

    def unsubscribe(self, connection: Connection, name: str) -> None:
        """Unsubscribe a connection from a stream that it may or may not have."""
        topic = connection.topics.pop(name, None)
        if topic is not None:
            topic.subscribers.remove(connection)

    def leave(self, connection: Connection) -> None:
        """Forget a connection that has gone."""
        connection.is_open = False
        self._connections.discard(connection)
        for name in list(connection.topics):
            self.unsubscribe(connection, name)
