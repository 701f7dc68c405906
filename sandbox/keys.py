"""Key pairs of the sandbox's accounts."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64encode
from typing import NamedTuple

from nacl.signing import SigningKey


class KeyPair(NamedTuple):
    """What a customer gets: both are base64, the secret is the 32-byte seed."""

    api_key: str
    api_secret: str


def key_pairs(count: int, *, seed: int | None) -> list[KeyPair]:
    """Return key pairs: derived from a seed, so that a run can be repeated, or random without one."""
    return [_key_pair(_secret(seed, number)) for number in range(count)]


def _secret(seed: int | None, number: int) -> bytes:
    if seed is None:
        return secrets.token_bytes(32)
    return hashlib.sha256(f"obiwork sandbox account {seed} {number}".encode()).digest()


def _key_pair(secret: bytes) -> KeyPair:
    public = SigningKey(secret).verify_key.encode()
    return KeyPair(b64encode(public).decode(), b64encode(secret).decode())
