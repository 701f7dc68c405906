"""Operations: what each message asks for, as functions from a decoded message to an answer."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from signer import policy
from signer.errors import SignerRefused
from signer.keycache import KeyCache
from signer.sealing import MAX_CONTEXT_CHARS, MAX_SEALED_CHARS, KeyRing
from signer.signing import signer_from_secret, signing_string

MAX_REQUESTS = 10_000
MAX_SECRET_CHARS = 256


class Operations:
    """Answer the messages `ping`, `seal`, `reseal` and `sign`."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._cache = KeyCache(ring)

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one message; a refusal is an answer too."""
        operation = message.get("op")
        try:
            if operation == "sign":
                return {"results": self._sign(message.get("requests"))}
            if operation == "seal":
                return self._seal(message)
            if operation == "reseal":
                return self._reseal(message)
            if operation == "ping":
                return {"pong": True}
            raise SignerRefused("no such operation")
        except SignerRefused as refusal:
            return {"refused": refusal.reason}

    def _sign(self, requests: object) -> list[dict[str, Any]]:
        if not isinstance(requests, list) or len(requests) > MAX_REQUESTS:
            raise SignerRefused(f"requests must be a list of at most {MAX_REQUESTS}")
        return [self._sign_one(request) for request in requests]

    def _sign_one(self, request: object) -> dict[str, Any]:
        """Return one signature or one refusal: a refused request does not spoil its neighbours."""
        try:
            if not isinstance(request, dict):
                raise SignerRefused("a request must be an object")
            instruction, params = request.get("instruction"), request.get("params")
            timestamp_ms, window_ms = request.get("timestamp"), request.get("window")
            policy.check(instruction, params, timestamp_ms=timestamp_ms, window_ms=window_ms)
            signer = self._cache.signer(
                _text(request, "sealed", MAX_SEALED_CHARS), _text(request, "context", MAX_CONTEXT_CHARS)
            )
        except SignerRefused as refusal:
            return {"refused": refusal.reason}
        text = signing_string(
            str(instruction), params or {}, timestamp_ms=int(timestamp_ms or 0), window_ms=int(window_ms or 0)
        )
        return {"api_key": signer.api_key, "signature": signer.sign(text)}

    def _seal(self, message: dict[str, Any]) -> dict[str, Any]:
        context = _text(message, "context", MAX_CONTEXT_CHARS)
        try:
            secret = base64.b64decode(_text(message, "secret", MAX_SECRET_CHARS), validate=True)
        except (ValueError, binascii.Error):
            raise SignerRefused("the secret is not base64") from None
        api_key = signer_from_secret(secret).api_key
        return {"sealed": self._ring.seal(secret, context), "api_key": api_key}

    def _reseal(self, message: dict[str, Any]) -> dict[str, Any]:
        """Seal anew under the active key, for the same context; the secret stays inside."""
        context = _text(message, "context", MAX_CONTEXT_CHARS)
        secret = self._ring.open(_text(message, "sealed", MAX_SEALED_CHARS), context)
        return {"sealed": self._ring.seal(secret, context), "api_key": signer_from_secret(secret).api_key}


def _text(message: dict[str, Any], field: str, max_chars: int) -> str:
    value = message.get(field)
    if not isinstance(value, str) or not 0 < len(value) <= max_chars:
        raise SignerRefused(f"{field} must be a text of 1 to {max_chars} characters")
    if not value.isprintable():
        raise SignerRefused(f"{field} has characters that cannot be printed")
    return value
