"""Columns of a market's file: their names, types and codes, and the checks that every chunk must pass."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from recordings.errors import RecordingBroken

ROW_GROUP_ROWS = 65_536
"""A row group is closed at the end of the update that reaches this size; it never splits an update."""

SNAPSHOT_LEVEL, DEPTH_LEVEL, TRADE = 0, 1, 2
BID, ASK = 0, 1
BEFORE_FIRST_UPDATE = -1

SCHEMA = pa.schema(
    [
        pa.field("exchange_ns", pa.int64(), nullable=False),
        pa.field("received_ns", pa.int64(), nullable=False),
        pa.field("update", pa.int64(), nullable=False),
        pa.field("kind", pa.int8(), nullable=False),
        pa.field("side", pa.int8(), nullable=False),
        pa.field("price_ticks", pa.int64(), nullable=False),
        pa.field("quantity_lots", pa.int64(), nullable=False),
    ]
)

Int64s: TypeAlias = npt.NDArray[np.int64]
Int8s: TypeAlias = npt.NDArray[np.int8]


class Chunk(NamedTuple):
    """The rows of one row group, column by column; whole updates only."""

    exchange_ns: Int64s
    received_ns: Int64s
    update: Int64s
    kind: Int8s
    side: Int8s
    price_ticks: Int64s
    quantity_lots: Int64s

    def update_bounds(self) -> Int64s:
        """Return where updates begin, then the number of rows: update i is [bounds[i], bounds[i + 1])."""
        begins = np.flatnonzero(np.diff(self.update)) + 1
        return np.concatenate(([0], begins, [len(self.update)])).astype(np.int64)


def check_chunk(chunk: Chunk, *, previous_update: int, previous_ns: int, where: str) -> None:
    """Check that a chunk keeps every guarantee of the format.

    Raises: RecordingBroken naming the first guarantee that does not hold.
    """
    first_update, first_ns = int(chunk.update[0]), int(chunk.exchange_ns[0])
    same_update = np.diff(chunk.update) == 0
    is_trade = chunk.kind == TRADE
    begins_well = previous_update != BEFORE_FIRST_UPDATE or chunk.kind[0] == SNAPSHOT_LEVEL
    guarantees = (
        ("a market begins with a snapshot", begins_well),
        (
            "update numbers increase",
            bool(np.all(np.diff(chunk.update) >= 0)) and first_update > previous_update,
        ),
        ("times never decrease", bool(np.all(np.diff(chunk.exchange_ns) >= 0)) and first_ns >= previous_ns),
        ("an update has one time", not np.any(np.diff(chunk.exchange_ns)[same_update])),
        ("an update has one kind", not np.any(np.diff(chunk.kind)[same_update])),
        ("bids come before asks", bool(np.all(np.diff(chunk.side)[same_update] >= 0))),
        ("a trade is one row", not np.any(same_update & is_trade[1:])),
        ("kinds are 0, 1 or 2", bool(np.all((chunk.kind >= 0) & (chunk.kind <= TRADE)))),
        ("sides are 0 or 1", bool(np.all((chunk.side == BID) | (chunk.side == ASK)))),
        ("prices are positive", bool(np.all(chunk.price_ticks > 0))),
        ("received times are positive", bool(np.all(chunk.received_ns > 0))),
        ("only deleted levels have 0 lots", _quantities_fit(chunk)),
    )
    for guarantee, holds in guarantees:
        if not holds:
            raise RecordingBroken(f"{where}: broken guarantee: {guarantee}")


def _quantities_fit(chunk: Chunk) -> bool:
    lowest = np.where(chunk.kind == DEPTH_LEVEL, 0, 1)
    return bool(np.all(chunk.quantity_lots >= lowest))
