"""Signing: the text that Backpack verifies, built from fields, and the Ed25519 signature over it.

Source: Backpack's API documentation, "Signing requests": parameters sorted by name, then timestamp and
window, always last; values raw, not percent-encoded; in a batch every order begins with its instruction.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nacl.signing import SigningKey

from signer.errors import SignerRefused

Value = str | int | bool
Params = Mapping[str, Value]

SEED_BYTES = 32
SEED_AND_PUBLIC_BYTES = 64


class Signer(NamedTuple):
    """A key that can sign, and the API key (its public half) under which the exchange knows it."""

    key: SigningKey
    api_key: str

    def __repr__(self) -> str:
        return "Signer(...)"  # a NamedTuple would print its fields

    def sign(self, text: str) -> str:
        """Return the base64 signature of a signing string."""
        return base64.b64encode(self.key.sign(text.encode()).signature).decode()


def signing_string(instruction: str, params: Params | Sequence[Params], *, timestamp_ms: int, window_ms: int) -> str:
    """Return the text to sign for one request; a sequence of params is a batch of orders.

    Names and values must have passed the policy: a value with `&` in it would change the meaning of the text.
    """
    items = [params] if isinstance(params, Mapping) else params
    parts = []
    for item in items:
        parts.append(f"instruction={instruction}")
        # sorted by code point, which is the byte order of UTF-8
        parts += [f"{name}={_text(item[name])}" for name in sorted(item)]
    parts.append(f"timestamp={timestamp_ms}&window={window_ms}")
    return "&".join(parts)


def signer_from_secret(secret: bytes) -> Signer:
    """Return the key of a raw secret: a seed of 32 bytes, or 64 bytes of seed and public key.

    Raises: SignerRefused for another length, or a public half that does not belong to the seed.
    """
    if len(secret) not in (SEED_BYTES, SEED_AND_PUBLIC_BYTES):
        raise SignerRefused("the secret must have 32 or 64 bytes")
    key = SigningKey(secret[:SEED_BYTES])
    public = bytes(key.verify_key)
    if len(secret) == SEED_AND_PUBLIC_BYTES and secret[SEED_BYTES:] != public:
        raise SignerRefused("the public half of the secret does not belong to its seed")
    return Signer(key, base64.b64encode(public).decode())


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
