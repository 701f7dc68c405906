"""A tiny HTTP server on a raw socket that does exactly what a test tells it, also what no decent server does."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

_JSON = "application/json; charset=utf-8"


class Received(NamedTuple):
    """One request as it came in. `writes` counts the reads that it took."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    received_ns: int
    reads: int
    connection: int


class Reply(NamedTuple):
    """What goes back: raw bytes, after a delay; then the connection may be closed or reset."""

    raw: bytes
    delay_s: float = 0.0
    then_close: bool = False
    then_reset: bool = False


Script = Callable[[Received], Reply]


def http(status: int, body: str | bytes, *, content_type: str = _JSON, headers: str = "") -> Reply:
    """Return a well-formed HTTP answer."""
    payload = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(payload)}\r\n{headers}\r\n"
    return Reply(head.encode() + payload)


class WireServer:
    """Serve a script on 127.0.0.1, a thread per connection, and keep what came in."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self.requests: list[Received] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def of(self, method: str) -> list[Received]:
        """Return the requests of one method."""
        return [request for request in self.requests if request.method == method]

    def close_idle_connections(self) -> None:
        """Close every kept-alive connection, as a server does that has waited long enough."""
        with self._lock:
            for connection in self._open:
                connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            self._open = []

    def close(self) -> None:
        """Stop listening and close what is open."""
        self._listener.close()
        with self._lock:
            for connection in self._open:
                connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.append(connection)
                self.connections += 1
                number = self.connections
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            while (request := _read_request(connection, number)) is not None:
                self.requests.append(request)
                reply = self._script(request)
                time.sleep(reply.delay_s)
                connection.sendall(reply.raw)
                if reply.then_close or reply.then_reset:
                    self._end(connection, reset=reply.then_reset)
                    return
        except OSError:
            return

    def _end(self, connection: socket.socket, *, reset: bool) -> None:
        with self._lock:
            self._open.remove(connection)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


def _read_request(connection: socket.socket, number: int) -> Received | None:
    data, reads = b"", 0
    while b"\r\n\r\n" not in data:
        part = connection.recv(1 << 16)
        if not part:
            return None
        data, reads = data + part, reads + 1
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body, reads = body + connection.recv(1 << 16), reads + 1
    method, path, _ = first.split(" ")
    return Received(method, path, headers, body, time.time_ns(), reads, number)
