"""Errors of the signer.

SignerError
├── SignerUnavailable   nobody answers on the socket: nothing was signed, ask again
├── SignerRefused       the policy, or the seal, says no: asking again is useless
└── SignerMisconfigured the signer cannot start like this (keys, folder, socket): a person acts

No message ever carries a secret, a sealed text or the value of a field.
"""

from __future__ import annotations


class SignerError(Exception):
    """Base of the signer's errors."""


class SignerUnavailable(SignerError):
    """Nobody answers on the socket; nothing was signed."""


class SignerRefused(SignerError):
    """The signer says no; `reason` names the rule, never a value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SignerMisconfigured(SignerError):
    """The signer cannot start like this; one clear line says why."""
