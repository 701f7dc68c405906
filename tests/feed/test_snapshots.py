"""The Redis layout: what is written is read back exactly, and what is not there is said."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from tests.feed.values import SYMBOL, mark, snapshot
from trading.board.codec import decode, decode_mark, encode, encode_mark
from trading.board.errors import SnapshotCorrupt, SnapshotMissing
from trading.board.keys import Keys
from trading.board.snapshots import book_age_ms, load, mark_age_ms, publish
from trading.board.state import Flaw, Mark, MarketState, Snapshot, Source

int64 = st.integers(min_value=-(2**63), max_value=2**63 - 1)
levels = st.lists(st.tuples(int64, int64), max_size=25).map(tuple)
snapshots = st.builds(
    Snapshot,
    symbol=st.from_regex(r"[A-Z0-9_]{1,40}", fullmatch=True),
    sequence=int64,
    epoch=int64,
    exchange_us=int64,
    received_ns=int64,
    source=st.sampled_from(Source),
    flaw=st.sampled_from(Flaw),
    bids=levels,
    asks=levels,
)
amounts = st.decimals(allow_nan=False, allow_infinity=False, places=9)
marks = st.builds(
    Mark,
    price_ticks=amounts,
    index_ticks=st.none() | amounts,
    funding_rate=st.none() | amounts,
    next_funding_ms=st.none() | st.integers(min_value=0),
    exchange_us=st.integers(min_value=0),
    received_ns=st.integers(min_value=0),
)


@settings(deadline=None)
@given(snapshots)
def test_a_snapshot_comes_back_exactly_as_it_was_written(value: Snapshot) -> None:
    assert decode(encode(value)) == value


@settings(deadline=None)
@given(marks)
def test_a_mark_price_comes_back_exactly_as_it_was_written(value: Mark) -> None:
    assert decode_mark(encode_mark(value).encode()) == value


@settings(deadline=None)
@given(value=snapshots, data=st.data())
def test_bytes_that_were_cut_or_grew_are_corrupt_and_never_half_a_book(value: Snapshot, data: st.DataObject) -> None:
    raw = encode(value)
    cut = data.draw(st.integers(min_value=0, max_value=len(raw) - 1))

    with pytest.raises(SnapshotCorrupt):
        decode(raw[:cut])
    with pytest.raises(SnapshotCorrupt):
        decode(raw + b"\0")


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_other_bytes_are_corrupt(raw: bytes) -> None:
    with pytest.raises(SnapshotCorrupt):
        decode(raw)


@pytest.mark.parametrize("raw", [b"", b"1 2 3", b"NaN - - - 1 1", b"1 - - - x 1", b"\xff - - - 1 1", b"1 - - - 1 1 1"])
def test_a_mark_price_that_is_no_number_is_corrupt(raw: bytes) -> None:
    with pytest.raises(SnapshotCorrupt):
        decode_mark(raw)


def test_a_snapshot_of_another_version_is_refused() -> None:
    raw = bytearray(encode(snapshot()))
    raw[4] += 1

    with pytest.raises(SnapshotCorrupt, match="version"):
        decode(bytes(raw))


def test_all_parts_are_loaded_together(redis_client: Redis, keys: Keys) -> None:
    publish(redis_client, symbol=SYMBOL, snapshot=snapshot(), alive_ns=5, mark=mark(), keys=keys)

    state = load(redis_client, SYMBOL, keys=keys)

    assert state == MarketState(SYMBOL, snapshot(), 5, mark())
    assert state.require() == (snapshot(), 5, mark())


def test_a_market_that_nobody_publishes_is_missing_and_never_zero(redis_client: Redis, keys: Keys) -> None:
    state = load(redis_client, SYMBOL, keys=keys)

    assert state == MarketState(SYMBOL, None, None, None)
    for read in (state.require, state.require_book, state.require_alive, state.require_mark):
        with pytest.raises(SnapshotMissing):
            read()
    with pytest.raises(SnapshotMissing):
        book_age_ms(state, now_ns=1, speed=1.0)


def test_publishing_one_part_leaves_the_others_alone(redis_client: Redis, keys: Keys) -> None:
    publish(redis_client, symbol=SYMBOL, snapshot=snapshot(), mark=mark(), keys=keys)
    publish(redis_client, symbol=SYMBOL, mark=mark(price_ticks="7"), keys=keys)

    state = load(redis_client, SYMBOL, keys=keys)

    assert state.require_book() == snapshot()
    assert state.require_mark().price_ticks == Decimal(7)


@pytest.mark.parametrize("name", ["book", "alive", "mark"])
def test_garbage_in_redis_is_corrupt(redis_client: Redis, keys: Keys, name: str) -> None:
    redis_client.set(getattr(keys, name)(SYMBOL), b"garbage")

    with pytest.raises(SnapshotCorrupt):
        load(redis_client, SYMBOL, keys=keys)


def test_a_client_that_decodes_is_refused(redis_url: str, redis_client: Redis, keys: Keys) -> None:
    publish(redis_client, symbol=SYMBOL, alive_ns=5, keys=keys)
    with (
        Redis.from_url(redis_url, decode_responses=True) as decoding,
        pytest.raises(TypeError, match="bytes"),
    ):
        load(decoding, SYMBOL, keys=keys)


def test_age_counts_from_the_last_frame_of_the_connection_and_not_from_the_last_change() -> None:
    state = MarketState(SYMBOL, snapshot(received_ns=0), alive_ns=2_000_000_000, mark=None)

    assert book_age_ms(state, now_ns=2_100_000_000, speed=1.0) == 100.0


def test_age_is_market_time_under_replay() -> None:
    state = MarketState(SYMBOL, snapshot(), alive_ns=0, mark=None)

    assert book_age_ms(state, now_ns=50_000_000, speed=10.0) == 500.0
    assert mark_age_ms(mark(received_ns=0), now_ns=50_000_000, speed=10.0) == 500.0


def test_a_sign_of_life_from_the_future_is_as_old_as_the_clocks_disagree() -> None:
    state = MarketState(SYMBOL, snapshot(), alive_ns=60_000_000_000, mark=None)

    assert book_age_ms(state, now_ns=0, speed=1.0) == 60_000.0


def test_a_polled_book_ages_from_its_own_arrival() -> None:
    state = MarketState(SYMBOL, snapshot(source=Source.POLLED, flaw=Flaw.UNCHAINED, received_ns=0), None, None)

    assert book_age_ms(state, now_ns=3_000_000, speed=1.0) == 3.0


def test_a_polled_book_or_a_flawed_one_is_not_proven() -> None:
    assert snapshot().proven
    assert not snapshot(source=Source.POLLED).proven
    assert not any(snapshot(flaw=flaw).proven for flaw in Flaw if flaw is not Flaw.NONE)
