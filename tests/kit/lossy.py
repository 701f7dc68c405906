"""A proxy between client and exchange that loses answers, or requests, when told to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

POLL_S = 0.01  # how soon it notices that it shall end


class Loss(Enum):
    """What becomes of the next order that is placed."""

    NONE = "none"
    ANSWER = "answer"  # the exchange executes it; its answer never comes
    REQUEST = "request"  # the exchange never sees it; neither does an answer come


class LossyProxy:
    """Forwards everything; `loss` says what happens to requests that place an order."""

    def __init__(self, upstream: str) -> None:
        self.loss = Loss.NONE
        self.placed = 0
        proxy, host = self, urlsplit(upstream).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                is_order = self.command == "POST" and self.path == "/api/v1/order"
                proxy.placed += is_order
                if is_order and proxy.loss is Loss.REQUEST:
                    self.hang_up()
                    return
                connection = HTTPConnection(host, timeout=5)
                headers = {name: value for name, value in self.headers.items() if name != "Host"}
                connection.request(self.command, self.path, body=body or None, headers=headers)
                answer = connection.getresponse()
                content = answer.read()
                connection.close()
                if is_order and proxy.loss is Loss.ANSWER:
                    self.hang_up()
                    return
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = forward

            def hang_up(self) -> None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_S,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def lossy_proxy(upstream: str) -> Iterator[LossyProxy]:
    """Run a proxy until the block ends."""
    proxy = LossyProxy(upstream)
    try:
        yield proxy
    finally:
        proxy.close()
