"""Signatures: the signing string as the exchange rebuilds it from parsed fields, and the checks of time and key."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from sandbox.engine.accounts import Account
from sandbox.errors import ParseRefused, Refused

DEFAULT_WINDOW_MS = 5_000
MAX_WINDOW_MS = 60_000
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64

Params = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says about itself, as text."""

    api_key: str
    signature: str
    timestamp: str
    window: str


def signing_string(
    instruction: str, params: Params | Sequence[Params], *, timestamp: str | int, window: str | int
) -> str:
    """Return the text that is signed: sorted parameters, timestamp and window always last, values raw.

    A sequence of parameters is a batch: each of its members repeats the instruction.
    """
    members = [params] if isinstance(params, Mapping) else params
    parts: list[str] = []
    for member in members:
        parts.append(f"instruction={instruction}")
        parts.extend(f"{key}={_text(member[key])}" for key in sorted(member) if member[key] is not None)
    parts.append(f"timestamp={timestamp}")
    parts.append(f"window={window}")
    return "&".join(parts)


def claim_of(headers: Mapping[str, str]) -> Claim:
    """Return the claim in a request's headers. Raises: ParseRefused when one is missing."""
    return Claim(
        api_key=_header(headers, "X-API-KEY", "string"),
        signature=_header(headers, "X-SIGNATURE", "string"),
        timestamp=_header(headers, "X-TIMESTAMP", "integer_int64"),
        window=headers.get("X-WINDOW", str(DEFAULT_WINDOW_MS)),
    )


def check(
    claim: Claim,
    instruction: str,
    params: Params | Sequence[Params],
    *,
    accounts: Mapping[str, Account],
    wall_ms: int,
) -> Account:
    """Return the account that signed. Raises: Refused."""
    _check_time(claim, wall_ms)
    account = accounts.get(claim.api_key)
    if account is None:
        raise Refused.client("Invalid API key")
    key = _decoded(claim.api_key, _KEY_BYTES, "Invalid API key")
    signature = _decoded(claim.signature, _SIGNATURE_BYTES, "Invalid X-Signature header")
    text = signing_string(instruction, params, timestamp=claim.timestamp, window=claim.window)
    try:
        VerifyKey(key).verify(text.encode(), signature)
    except BadSignatureError as error:
        raise Refused.client("Invalid signature") from error
    return account


def _header(headers: Mapping[str, str], name: str, kind: str) -> str:
    value = headers.get(name)
    if value is None:
        raise ParseRefused(f'failed to parse parameter `{name}`: Type "{kind}" expects an input value.')
    return value


def _check_time(claim: Claim, wall_ms: int) -> None:
    """How far ahead a timestamp may lie is not documented; the sandbox allows as much as the window."""
    if not (claim.timestamp.isascii() and claim.timestamp.isdigit()):
        raise Refused.client("Invalid timestamp")
    if not (claim.window.isascii() and claim.window.isdigit()) or int(claim.window) > MAX_WINDOW_MS:
        raise Refused.client("Invalid window")
    timestamp_ms, window_ms = int(claim.timestamp), int(claim.window)
    if wall_ms > timestamp_ms + window_ms:
        raise Refused.client("Request has expired")
    if timestamp_ms > wall_ms + window_ms:
        raise Refused.client("Invalid timestamp")


def _decoded(text: str, length: int, message: str) -> bytes:
    try:
        value = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused.client(message) from error
    if len(value) != length:
        raise Refused.client(message)
    return value


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return orjson.dumps(value).decode()
