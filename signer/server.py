"""Server: the unix socket, one thread per connection, and who may connect."""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

from signer import framing

logger = logging.getLogger("signer")

MAX_CONNECTIONS = 256
BACKLOG = 128
REST_TIMEOUT_S = 10.0  # for the rest of a frame that has begun, and for a peer that does not read its answer
PARENT_CHECK_S = 1.0

_PEER = struct.Struct("3i")  # SO_PEERCRED: pid, uid, gid

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class Server:
    """Serve `answer` on a listening socket until SIGTERM, SIGINT or the death of the parent."""

    def __init__(
        self,
        listener: socket.socket,
        answer: Answer,
        *,
        allowed_uids: frozenset[int],
        parent_pid: int | None = None,
    ) -> None:
        self._listener = listener
        self._answer = answer
        self._allowed_uids = allowed_uids
        self._parent_pid = parent_pid
        self._is_stopping = False
        self._wake_read, self._wake_write = socket.socketpair()
        self._free_places = threading.Semaphore(MAX_CONNECTIONS)

    def take_signals(self) -> None:
        """Let SIGTERM and SIGINT end `run`. Call it from the main thread, before anybody is told to connect."""
        self._wake_write.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno())  # so that a signal ends the wait of `run` at once
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)

    def run(self) -> None:
        """Serve until told to stop."""
        self._listener.setblocking(False)
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            while not self._is_stopping and not self._is_orphaned():
                for key, _ in selector.select(PARENT_CHECK_S):
                    if key.fileobj is self._listener:
                        self._accept()

    def _stop(self, *_: object) -> None:
        self._is_stopping = True

    def _is_orphaned(self) -> bool:
        return self._parent_pid is not None and os.getppid() != self._parent_pid

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # it went away again, or no descriptors are left: the next one may succeed
            logger.warning("accept_failed")
            return
        uid = _peer_uid(connection)
        if uid not in self._allowed_uids:
            logger.warning("peer_refused uid=%d", uid)
            connection.close()
        elif not self._free_places.acquire(blocking=False):
            logger.warning("too_many_connections")
            connection.close()
        else:
            self._start(connection)

    def _start(self, connection: socket.socket) -> None:
        try:
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
        except RuntimeError:  # the machine has no thread to give: this peer asks again later
            logger.warning("no_thread")
            self._free_places.release()
            connection.close()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.setblocking(True)  # idle for as long as it likes
                while self._serve_one(connection):
                    pass
        except (framing.PeerGone, OSError):
            return  # the peer went, or stopped in the middle of a frame
        finally:
            self._free_places.release()

    def _serve_one(self, connection: socket.socket) -> bool:
        """Answer one frame; return whether the connection can still be followed."""
        can_go_on = True
        try:
            body = framing.read_frame(connection, rest_timeout_s=REST_TIMEOUT_S)
            message = framing.decode(body)
        except framing.NotJson:
            reply: dict[str, Any] = {"refused": "not a JSON object"}
        except framing.FrameTooLarge:
            reply, can_go_on = {"refused": "the frame is too large"}, False
        else:
            reply = self._answer_safely(message)
        frame = framing.encode(reply)
        connection.settimeout(REST_TIMEOUT_S)
        connection.sendall(frame)
        connection.settimeout(None)
        return can_go_on

    def _answer_safely(self, message: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._answer(message)
        except Exception as error:  # noqa: BLE001 - a bug in one answer must not end the only process that signs
            # the type only: the text of an exception, or its traceback's locals, may hold a secret
            logger.error("answer_failed type=%s", type(error).__name__)
            return {"refused": "internal error"}


def _peer_uid(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    return int(_PEER.unpack(credentials)[1])
