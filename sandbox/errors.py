"""Errors of the sandbox.

SandboxError
├── CannotStart      a port, recording or symbol cannot be used: say it in one line and exit with 2
├── Refused          the exchange answers a request with {"code", "message"} (HTTP 400 unless said otherwise)
└── ParseRefused     the request does not parse: the exchange answers with plain text, HTTP 400
"""

from __future__ import annotations

from http import HTTPStatus


class SandboxError(Exception):
    """Base of everything that the sandbox refuses."""


class CannotStart(SandboxError):
    """The sandbox cannot start as asked; the message is one line for the person who asked."""


class Refused(SandboxError):
    """A request that the exchange understood and refuses.

    `reason` is the expiry reason that the order of a fired trigger would carry for the same refusal.
    """

    def __init__(
        self, code: str, message: str, *, status: int = HTTPStatus.BAD_REQUEST, reason: str | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = int(status)
        self.reason = reason

    @classmethod
    def client(cls, message: str) -> Refused:
        """Return the refusal that the exchange uses for most mistakes of a client."""
        return cls("INVALID_CLIENT_REQUEST", message)

    @classmethod
    def order(cls, message: str, *, reason: str | None = None) -> Refused:
        """Return the refusal of an order that the engine will not take."""
        return cls("INVALID_ORDER", message, reason=reason)

    @classmethod
    def not_found(cls) -> Refused:
        """Return the refusal of a look-up that found nothing."""
        return cls("RESOURCE_NOT_FOUND", "Not Found", status=HTTPStatus.NOT_FOUND)


class ParseRefused(SandboxError):
    """A request that does not parse; the exchange answers with this text alone, not with JSON."""
