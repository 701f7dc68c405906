"""Key cache: keys that were opened lately, so that an order costs a signature and not an unsealing too."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

from signer.sealing import KeyRing
from signer.signing import Signer, signer_from_secret

MAX_KEYS = 4_096


class KeyCache:
    """Open sealed secrets, and keep the newest `capacity` keys by a hash of sealed text and context.

    The context is part of the hash: a cached key answers only for the account that its seal would open for.
    """

    def __init__(self, ring: KeyRing, *, capacity: int = MAX_KEYS) -> None:
        self._ring = ring
        self._capacity = capacity
        self._keys: OrderedDict[bytes, Signer] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._keys)

    def signer(self, sealed: str, context: str) -> Signer:
        """Return the key of a sealed secret. Raises: SignerRefused."""
        name = _name(sealed, context)
        with self._lock:
            known = self._keys.get(name)
            if known is not None:
                self._keys.move_to_end(name)
                return known
        opened = signer_from_secret(self._ring.open(sealed, context))
        with self._lock:
            self._keys[name] = opened
            while len(self._keys) > self._capacity:
                self._keys.popitem(last=False)
        return opened


def _name(sealed: str, context: str) -> bytes:
    text = sealed.encode()
    # the length in front keeps two pairs with the same concatenation apart
    return hashlib.blake2b(len(text).to_bytes(4, "big") + text + context.encode(), digest_size=32).digest()
