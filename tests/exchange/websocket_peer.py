"""A WebSocket server for one connection that sends exactly the bytes it is told, whole frames or parts of them."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import threading

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def frame(payload: bytes, *, opcode: int = TEXT, is_last: bool = True) -> bytes:
    """Return an unmasked frame, as servers send them."""
    first = (0x80 if is_last else 0) | opcode
    if len(payload) < 126:
        return struct.pack("!BB", first, len(payload)) + payload
    if len(payload) < 1 << 16:
        return struct.pack("!BBH", first, 126, len(payload)) + payload
    return struct.pack("!BBQ", first, 127, len(payload)) + payload


class WebSocketPeer:
    """The other end of one WebSocket connection."""

    def __init__(self, *, answer: bytes | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._answer = answer
        self._connection: socket.socket | None = None
        self._is_ready = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def send(self, data: bytes) -> None:
        """Send raw bytes."""
        self._connected().sendall(data)

    def read(self) -> tuple[int, bytes]:
        """Return opcode and payload of the client's next frame, unmasked."""
        first, second = self._exactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self._exactly(2))
        mask = self._exactly(4)
        payload = self._exactly(length)
        return first & 0xF, bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))

    def drop(self) -> None:
        """Close the connection without a close frame."""
        self._connected().close()

    def close(self) -> None:
        """Stop listening, and drop what is open."""
        self._listener.close()
        if self._connection is not None:
            self._connection.close()

    def _connected(self) -> socket.socket:
        assert self._is_ready.wait(5)
        assert self._connection is not None
        return self._connection

    def _exactly(self, count: int) -> bytes:
        connection, data = self._connected(), b""
        while len(data) < count:
            part = connection.recv(count - len(data))
            assert part, "the client has closed"
            data += part
        return data

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        connection.settimeout(5)
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(4096)
        connection.sendall(self._answer or _upgrade(request))
        self._connection = connection
        self._is_ready.set()


def _upgrade(request: bytes) -> bytes:
    lines = request.split(b"\r\n")
    (key,) = (line.partition(b":")[2].strip() for line in lines if line.lower().startswith(b"sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
