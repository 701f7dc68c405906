"""Client: ask the signer over its socket. Standard library only; safe to share between threads."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from signer import framing
from signer.errors import SignerRefused, SignerUnavailable

Params = Mapping[str, str | int | bool]


class SignRequest(NamedTuple):
    """One request to sign, as fields: the signer builds the text itself.

    `context` must be the one that the secret was sealed for.
    """

    sealed: str
    context: str
    instruction: str
    params: Params | Sequence[Params]
    timestamp_ms: int
    window_ms: int

    def __repr__(self) -> str:
        return f"SignRequest({self.instruction}, {self.context})"  # neither the sealed text nor the fields


class Signature(NamedTuple):
    """What the exchange wants to see beside a request."""

    api_key: str
    signature: str
    timestamp_ms: int
    window_ms: int


class Refused(NamedTuple):
    """The signer did not sign this request of a batch; asking again is useless."""

    reason: str


class Sealed(NamedTuple):
    """A sealed secret, and the API key (public) that belongs to it."""

    sealed: str
    api_key: str


class SignerClient:
    """A connection to the signer, opened when it is needed and kept.

    Raises (every method): SignerUnavailable; SignerRefused where the whole message is refused.
    """

    def __init__(self, socket_path: str | Path, timeout_s: float = 2.0) -> None:
        self._path = os.fspath(socket_path)
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._owner_pid = os.getpid()

    def ping(self) -> None:
        """Return when the signer has answered."""
        self._ask({"op": "ping"})

    def seal(self, secret_base64: str, context: str) -> Sealed:
        """Return an API secret sealed for a context. Raises also: SignerRefused for a malformed secret."""
        answer = self._ask({"op": "seal", "secret": secret_base64, "context": context})
        return Sealed(answer["sealed"], answer["api_key"])

    def reseal(self, sealed: str, context: str) -> Sealed:
        """Return a sealed secret sealed anew under the active key (key rotation)."""
        answer = self._ask({"op": "reseal", "sealed": sealed, "context": context})
        return Sealed(answer["sealed"], answer["api_key"])

    def sign(self, requests: Sequence[SignRequest]) -> list[Signature | Refused]:
        """Return a signature or a refusal for each request, in their order."""
        if not requests:
            return []
        answer = self._ask({"op": "sign", "requests": [_wire(request) for request in requests]})
        results = answer["results"]
        if len(results) != len(requests):
            raise SignerUnavailable("the signer answered another number of requests")
        return [_result(request, result) for request, result in zip(requests, results, strict=True)]

    def close(self) -> None:
        """Close the connection; the next question opens a new one."""
        with self._lock:
            self._drop()

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        try:
            frame = framing.encode(message)
        except framing.FrameTooLarge:
            raise SignerRefused("the frame is too large") from None
        with self._lock:
            try:
                answer = framing.decode(self._exchange(frame))
            except (OSError, framing.PeerGone, framing.NotJson, framing.FrameTooLarge) as error:
                # whatever is left on this connection belongs to a question that nobody asks any more
                self._drop()
                raise SignerUnavailable(f"{self._path}: {type(error).__name__}") from None
        if "refused" in answer:
            raise SignerRefused(str(answer["refused"]))
        return answer

    def _exchange(self, frame: bytes) -> bytes:
        connection = self._fresh_connection()
        connection.sendall(frame)
        return framing.read_frame(connection, rest_timeout_s=self._timeout_s)

    def _fresh_connection(self) -> socket.socket:
        """Return a connection that is alive as far as one can see before writing to it."""
        if self._owner_pid != os.getpid():
            # after a fork parent and child would read each other's answers
            self._drop()
            self._owner_pid = os.getpid()
        if self._socket is not None and _is_stale(self._socket):
            self._drop()
        if self._socket is None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(self._timeout_s)
            try:
                connection.connect(self._path)
            except OSError:
                connection.close()
                raise
            self._socket = connection
        return self._socket

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _is_stale(connection: socket.socket) -> bool:
    # an idle connection has nothing to read: what can be read is the end, or an answer nobody waits for
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _wire(request: SignRequest) -> dict[str, Any]:
    params = request.params
    return {
        "sealed": request.sealed,
        "context": request.context,
        "instruction": request.instruction,
        "params": dict(params) if isinstance(params, Mapping) else [dict(order) for order in params],
        "timestamp": request.timestamp_ms,
        "window": request.window_ms,
    }


def _result(request: SignRequest, result: Mapping[str, Any]) -> Signature | Refused:
    if "refused" in result:
        return Refused(str(result["refused"]))
    return Signature(result["api_key"], result["signature"], request.timestamp_ms, request.window_ms)
