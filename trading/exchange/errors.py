"""Errors of the exchange client: each leaf says what the caller does.

ExchangeError
├── ImpossibleOrder          the order contradicts itself: a bug of ours, nothing was sent
├── ExchangeUnavailable      the request never left this machine: it may be sent again
├── SigningRefused           the signer's policy refuses it: never sent, and sending again is useless
├── RequestRefused           the exchange said no (code, message): nothing has changed there
│   ├── OrderRejected        the order does not exist
│   ├── OrderNotFound        no such order rests (it may have been filled: ask the history)
│   └── RateLimited          not executed: slow down, then it may be sent again
├── NoAnswer                 it left, and no usable answer came: a query may be asked again
│   └── OrderOutcomeUnknown  the same for an order or a cancel: look it up, never resend
├── UnexpectedAnswer         the answer is not what the exchange documents: stop relying on it, tell a person
└── StreamError
    ├── StreamClosed         the connection is gone: connect, subscribe and join anew
    └── StreamRefused        the exchange refuses a subscription (code, message)
"""

from __future__ import annotations

from http import HTTPStatus


class ExchangeError(Exception):
    """Base of everything that can go wrong between us and an exchange."""


class ImpossibleOrder(ExchangeError):
    """An order request contradicts itself; nothing was sent."""


class ExchangeUnavailable(ExchangeError):
    """The request never left this machine; the caller may send it again."""


class SigningRefused(ExchangeError):
    """The signer refuses to sign it; the caller must not send it again."""


class RequestRefused(ExchangeError):
    """The exchange said no, and nothing has changed there.

    `code` is the exchange's word, or `HTTP_<status>` where the body was not JSON.
    """

    def __init__(self, code: str, message: str, *, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    @property
    def is_not_found(self) -> bool:
        """Return whether the exchange has nothing under what was asked for."""
        return self.status == HTTPStatus.NOT_FOUND


class OrderRejected(RequestRefused):
    """The exchange refused the order; it does not exist."""


class OrderNotFound(RequestRefused):
    """No such order rests; the caller asks the history whether it was filled."""


class RateLimited(RequestRefused):
    """Too many requests: this one was not executed; the caller slows down."""


class NoAnswer(ExchangeError):
    """The request left, and no usable answer came; a query may be asked again.

    `sent_ns` is our wall clock when its bytes were handed to the socket.
    """

    def __init__(self, reason: str, *, sent_ns: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent_ns = sent_ns


class OrderOutcomeUnknown(NoAnswer):
    """An order or a cancel left, and nobody knows whether it was executed; the caller looks it up."""


class UnexpectedAnswer(ExchangeError):
    """The exchange answered something that it does not document; the caller does not rely on it."""


class StreamError(ExchangeError):
    """Base of what ends or refuses a stream."""


class StreamClosed(StreamError):
    """The connection is gone; the caller connects, subscribes and joins anew."""


class StreamRefused(StreamError):
    """The exchange refuses a subscription (4003 invalid signature, 4006 invalid stream)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
