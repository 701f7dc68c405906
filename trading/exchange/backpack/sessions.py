"""Sessions: kept-alive connections, one `requests.Session` per account, that send each request exactly once.

Nothing here resends. `requests` gives urllib3 no retries (max_retries 0) and follows no redirects; urllib3
replaces a connection that it sees closed *before* it writes, which resends nothing. A connection that died
without being seen is written to, and the answer never comes: that is a NoAnswer, for the caller to look up.
"""

from __future__ import annotations

import http.client
import os
import ssl
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from trading.exchange.errors import ExchangeUnavailable, NoAnswer

CONNECTIONS_PER_ACCOUNT = 8  # kept; several orders of one account leave at once

# all that sending and reading can raise: requests' errors are OSErrors, urllib3 and http.client leak theirs
_TRANSPORT_ERRORS = (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException, ValueError)


class Answer(NamedTuple):
    """An HTTP answer of any status. Units: our wall clock; sent when the bytes were handed to the socket."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_ns: int
    answered_ns: int


class _Wire(threading.local):
    """What the connection that this thread is using has done with the current request."""

    has_left = False
    sent_ns = 0


_wire = _Wire()


class _OneWrite:
    """Mixin of a connection: a request goes to the socket in one write, and its moment is kept.

    One write is one packet instead of two, and leaves no state between "not sent" and "sent".
    """

    sock: Any
    _held: bytearray | None = None

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]  # here, so that what fails has never left
        self._held = bytearray()
        try:
            super().request(*args, **kwargs)  # type: ignore[misc]
            message = bytes(self._held)
        finally:
            self._held = None
        _wire.has_left = True
        try:
            super().send(message)  # type: ignore[misc]
        finally:
            # also after a failed write: how much of it had gone by then is not known
            _wire.sent_ns = time.time_ns()

    def send(self, data: Any) -> None:
        if self._held is None:
            super().send(data)  # type: ignore[misc]
        else:
            self._held += data


class _PlainConnection(_OneWrite, HTTPConnection):
    pass


class _TlsConnection(_OneWrite, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    """An adapter with connections of ours and one TLS context for all accounts.

    The context holds the certificate authorities already; loading them anew for each connection, as requests
    does, costs milliseconds of CPU a piece.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        super().__init__(pool_connections=1, pool_maxsize=CONNECTIONS_PER_ACCOUNT, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._tls)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave the pool as it is: the context verifies, and cannot be told not to."""


class Sessions:
    """Sessions by account, opened when they are needed. Safe to share between threads, and to fork."""

    def __init__(self, *, timeout_s: float, ca_file: str | None = None) -> None:
        self._timeout_s = timeout_s
        self._tls = ssl.create_default_context(cafile=ca_file or certifi.where())
        self._lock = threading.Lock()
        self._sessions: dict[int | None, requests.Session] = {}
        self._owner_pid = os.getpid()

    def exchange(
        self,
        account_id: int | None,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Answer:
        """Send one request over the account's connection, once, and return the answer.

        `account_id` None is the session of public questions.

        Raises: ExchangeUnavailable (never left), NoAnswer (left; `sent_ns` says when).
        """
        session = self._session(account_id)
        prepared = _prepare(method, url, headers, body)
        _wire.has_left = False
        try:
            # the session's adapter, not `session.send`: that one looks into redirects even where told not to
            # follow them, and keeps cookies that we never send
            response = session.get_adapter(url).send(prepared, timeout=self._timeout_s, verify=True)
            content = response.content
        except _TRANSPORT_ERRORS as error:
            reason = _reason(error)
            if _wire.has_left:
                raise NoAnswer(reason, sent_ns=_wire.sent_ns) from error
            raise ExchangeUnavailable(reason) from error
        return Answer(response.status_code, response.headers, content or b"", _wire.sent_ns, time.time_ns())

    def forget(self, account_id: int) -> None:
        """Close the connections of one account."""
        with self._lock:
            session = self._sessions.pop(account_id, None)
        if session is not None:
            session.close()

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            session.close()

    def _session(self, account_id: int | None) -> requests.Session:
        with self._lock:
            if self._owner_pid != os.getpid():
                # after a fork parent and child would read each other's answers from the same connections
                self._owner_pid = os.getpid()
                self._sessions = {}
            session = self._sessions.get(account_id)
            if session is None:
                session = self._sessions[account_id] = self._new_session()
            return session

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # neither proxies nor .netrc of the environment get to see signed requests
        session.adapters.clear()
        adapter = _Adapter(self._tls)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session


def _prepare(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> requests.PreparedRequest:
    """Return a prepared request without the checks and encodings that our own texts do not need."""
    prepared = requests.PreparedRequest()
    prepared.method = method
    prepared.url = url
    prepared.headers = CaseInsensitiveDict(headers)
    prepared.body = body
    if body is not None:
        prepared.headers["Content-Length"] = str(len(body))
    return prepared


def _reason(error: BaseException) -> str:
    # the class and not the text: the text of these errors carries whole URLs
    inner = error.args[0] if error.args and isinstance(error.args[0], BaseException) else None
    cause = getattr(inner, "reason", None) or inner
    return type(error).__name__ + (f" ({type(cause).__name__})" if isinstance(cause, BaseException) else "")
