"""Sealing: API secrets under a key-encryption key (KEK), bound to the account that they belong to.

Sealed text = base64 of `version (1) | key id (8) | nonce (24) | ciphertext`, XChaCha20-Poly1305. The
associated data is `version | key id | context`: a sealed text opens for the account it was sealed for only.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import stat
from pathlib import Path

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from signer.errors import SignerMisconfigured, SignerRefused

VERSION = b"\x01"
KEY_ID_BYTES = 8
KEY_BYTES = 32
NONCE_BYTES = 24
TAG_BYTES = 16
HEADER_BYTES = len(VERSION) + KEY_ID_BYTES
MAX_SEALED_CHARS = 1024
MAX_CONTEXT_CHARS = 512


class KeyRing:
    """The KEKs of this machine: one active for sealing, the others only for opening."""

    def __init__(self, keys: dict[bytes, bytes], active: bytes) -> None:
        if active not in keys:
            raise SignerMisconfigured("the active key is not among the keys")
        self._keys = keys
        self._active = active

    def __repr__(self) -> str:
        return f"KeyRing({len(self._keys)} keys)"  # never the keys

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Return the keys of a file that only its owner can read.

        Raises: SignerMisconfigured with one clear line.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise SignerMisconfigured(f"cannot read the key file {path}: {error.strerror}") from error
        with os.fdopen(descriptor, "rb") as file:
            _require_private(os.fstat(descriptor), path)
            return cls._parse(file.read(), path)

    @classmethod
    def _parse(cls, text: bytes, path: Path) -> KeyRing:
        try:
            document = json.loads(text)
            keys = {
                bytes.fromhex(key_id): base64.b64decode(key, validate=True) for key_id, key in document["keys"].items()
            }
            active = bytes.fromhex(document["active"])
        except (ValueError, KeyError, TypeError, AttributeError):
            # `from None`: these errors quote what they could not read, and that may be a key
            raise SignerMisconfigured(f"the key file {path} does not parse") from None
        if any(len(key_id) != KEY_ID_BYTES or len(key) != KEY_BYTES for key_id, key in keys.items()):
            raise SignerMisconfigured(f"the key file {path} has an id or a key of the wrong length")
        return cls(keys, active)

    def seal(self, secret: bytes, context: str) -> str:
        """Return a secret sealed under the active key for one context."""
        header = VERSION + self._active
        nonce = secrets.token_bytes(NONCE_BYTES)
        ciphertext = crypto_aead_xchacha20poly1305_ietf_encrypt(
            secret, header + context.encode(), nonce, self._keys[self._active]
        )
        return base64.b64encode(header + nonce + ciphertext).decode()

    def open(self, sealed: str, context: str) -> bytes:
        """Return the secret of a sealed text.

        Raises: SignerRefused (not ours, unknown key, changed, or sealed for another context).
        """
        try:
            raw = base64.b64decode(sealed, validate=True)
        except (ValueError, binascii.Error):
            raise SignerRefused("the sealed text is not base64") from None
        if len(raw) < HEADER_BYTES + NONCE_BYTES + TAG_BYTES or raw[:1] != VERSION:
            raise SignerRefused("the sealed text has an unknown form")
        header = raw[:HEADER_BYTES]
        key = self._keys.get(header[len(VERSION) :])
        if key is None:
            raise SignerRefused("sealed under a key that is not in the key file")
        body = raw[HEADER_BYTES:]
        try:
            return crypto_aead_xchacha20poly1305_ietf_decrypt(
                body[NONCE_BYTES:], header + context.encode(), body[:NONCE_BYTES], key
            )
        except CryptoError:
            raise SignerRefused("the seal does not fit: changed, or another account's") from None


def create_key_file(path: Path) -> None:
    """Write a key file with one fresh key, readable by its owner only; an existing file is left alone.

    Raises: SignerMisconfigured.
    """
    key_id = secrets.token_bytes(KEY_ID_BYTES).hex()
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    document = json.dumps({"keys": {key_id: key}, "active": key_id}, indent=1)
    # written aside and linked into place: nobody ever reads half a file, and nothing is overwritten
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(document)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        finally:
            os.unlink(draft)
    except FileExistsError:
        return
    except OSError as error:
        raise SignerMisconfigured(f"cannot create the key file {path}: {error.strerror}") from error


def _require_private(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SignerMisconfigured(f"the key file {path} is not a regular file")
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise SignerMisconfigured(f"the key file {path} must have mode 0600, it has {mode:04o}")
    if status.st_uid not in (os.geteuid(), 0):
        raise SignerMisconfigured(f"the key file {path} belongs to somebody else")
