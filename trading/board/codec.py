"""Codec: snapshots as bytes and mark prices as text."""

from __future__ import annotations

import struct
from decimal import Decimal, InvalidOperation
from functools import cache

from trading.board.errors import SnapshotCorrupt
from trading.board.state import Flaw, Mark, Snapshot, Source

VERSION = 1
_MAGIC = b"OBWK"
_HEADER = struct.Struct("<4sBBBBHHqqqq")  # magic, version, source, flaw, symbol bytes, bids, asks, 4 numbers
_MAX_LEVELS = 0xFFFF
_ABSENT = "-"


def encode(snapshot: Snapshot) -> bytes:
    """Return a snapshot as bytes: header, symbol, then all ticks and lots as signed 64-bit numbers."""
    symbol = snapshot.symbol.encode("ascii")
    bids, asks = snapshot.bids, snapshot.asks
    if len(bids) > _MAX_LEVELS or len(asks) > _MAX_LEVELS:
        raise ValueError(f"a side of {snapshot.symbol} has more than {_MAX_LEVELS} levels")
    header = _HEADER.pack(
        _MAGIC,
        VERSION,
        snapshot.source,
        snapshot.flaw,
        len(symbol),
        len(bids),
        len(asks),
        snapshot.sequence,
        snapshot.epoch,
        snapshot.exchange_us,
        snapshot.received_ns,
    )
    numbers = [number for level in bids for number in level]
    numbers += [number for level in asks for number in level]
    return header + symbol + _numbers(len(numbers)).pack(*numbers)


def decode(raw: bytes) -> Snapshot:
    """Return the snapshot in some bytes. Raises: SnapshotCorrupt unless every byte is as it should be."""
    try:
        magic, version, source, flaw, symbol_bytes, bids, asks, sequence, epoch, exchange_us, received_ns = (
            _HEADER.unpack_from(raw)
        )
        if magic != _MAGIC or version != VERSION:
            raise SnapshotCorrupt(f"not a snapshot of version {VERSION}: starts with {raw[:5]!r}")
        body = _HEADER.size + symbol_bytes
        numbers = _numbers(2 * (bids + asks))
        if len(raw) != body + numbers.size:
            raise SnapshotCorrupt(f"{len(raw)} bytes where {body + numbers.size} were announced")
        flat = numbers.unpack_from(raw, body)
        levels = tuple(zip(flat[::2], flat[1::2], strict=True))
        return Snapshot(
            symbol=raw[_HEADER.size : body].decode("ascii"),
            sequence=sequence,
            epoch=epoch,
            exchange_us=exchange_us,
            received_ns=received_ns,
            source=Source(source),
            flaw=Flaw(flaw),
            bids=levels[:bids],
            asks=levels[bids:],
        )
    except (struct.error, ValueError) as error:
        raise SnapshotCorrupt(f"{len(raw)} bytes are no snapshot: {error}") from error


def encode_mark(mark: Mark) -> str:
    """Return a mark price as text: six words, ``-`` for what the exchange does not say."""
    words = (
        f"{mark.price_ticks:f}",
        _ABSENT if mark.index_ticks is None else f"{mark.index_ticks:f}",
        _ABSENT if mark.funding_rate is None else f"{mark.funding_rate:f}",
        _ABSENT if mark.next_funding_ms is None else str(mark.next_funding_ms),
        _ABSENT if mark.exchange_us is None else str(mark.exchange_us),
        str(mark.received_ns),
    )
    return " ".join(words)


def decode_mark(raw: bytes) -> Mark:
    """Return the mark price in some text. Raises: SnapshotCorrupt."""
    try:
        price, index, rate, funding_ms, exchange_us, received_ns = raw.decode("ascii").split(" ")
        return Mark(
            price_ticks=_finite(price),
            index_ticks=None if index == _ABSENT else _finite(index),
            funding_rate=None if rate == _ABSENT else _finite(rate),
            next_funding_ms=None if funding_ms == _ABSENT else int(funding_ms),
            exchange_us=None if exchange_us == _ABSENT else int(exchange_us),
            received_ns=int(received_ns),
        )
    except (ValueError, InvalidOperation) as error:
        raise SnapshotCorrupt(f"no mark price: {raw[:80]!r}") from error


def _finite(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(f"{text!r} is no number")
    return number


@cache
def _numbers(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}q")
