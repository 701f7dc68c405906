"""Joining the REST snapshot with the stream: the true book, or the word that it is not."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.board.state import Flaw
from trading.core.book import Level, Levels, OrderBook
from trading.core.errors import ImpossibleMove
from trading.feed.joiner import Joiner, JoinState, Step


class Delta(NamedTuple):
    first_id: int
    last_id: int
    bids: Levels = ()
    asks: Levels = ()
    engine_us: int = 0


BIDS: list[Level] = [(99, 3), (100, 2)]
ASKS: list[Level] = [(101, 4), (102, 1)]


def lay(joiner: Joiner, sequence: int, *, limit: int = 1000, engine_us: int = 0) -> JoinState:
    return joiner.snapshot(sequence=sequence, bids=BIDS, asks=ASKS, engine_us=engine_us, limit=limit)


def joined_at(sequence: int) -> Joiner:
    joiner = Joiner()
    lay(joiner, sequence - 1)
    joiner.update(Delta(sequence, sequence, engine_us=sequence))
    return joiner


def test_updates_before_the_snapshot_are_buffered_and_replayed_on_it() -> None:
    joiner = Joiner()
    steps = [joiner.update(Delta(i, i, bids=((100, i),), engine_us=i)) for i in (5, 6, 7)]

    state = lay(joiner, 5)

    assert steps == [Step.BUFFERED] * 3
    assert state is JoinState.JOINED
    assert (joiner.sequence, joiner.engine_us) == (7, 7)
    assert joiner.book.best_bid == (100, 7)


def test_updates_that_the_snapshot_already_holds_are_dropped() -> None:
    joiner = Joiner()
    joiner.update(Delta(3, 4, bids=((100, 999),)))
    joiner.update(Delta(5, 6, bids=((99, 8),)))

    lay(joiner, 4)

    assert joiner.book.top(2)[0] == ((100, 2), (99, 8))


def test_an_aggregated_update_that_spans_the_snapshot_joins_it() -> None:
    joiner = Joiner()
    joiner.update(Delta(3, 9, bids=((100, 7),)))

    assert lay(joiner, 5) is JoinState.JOINED
    assert joiner.sequence == 9


def test_a_snapshot_is_not_proven_until_the_stream_has_shown_that_it_goes_on_from_there() -> None:
    joiner = Joiner()

    assert lay(joiner, 5) is JoinState.ANCHORED
    assert joiner.flaw(2) is Flaw.UNCHAINED
    joiner.update(Delta(6, 6))
    assert joiner.flaw(2) is Flaw.NONE


def test_an_update_that_ends_exactly_at_the_snapshot_joins_it() -> None:
    joiner = Joiner()
    lay(joiner, 5)

    assert joiner.update(Delta(4, 5, engine_us=1)) is Step.DROPPED
    assert joiner.state is JoinState.JOINED


def test_a_snapshot_older_than_the_stream_is_refused_and_the_next_one_joins() -> None:
    joiner = Joiner()
    joiner.update(Delta(8, 8))

    assert lay(joiner, 5) is JoinState.WAITING
    assert (joiner.stale_snapshots, joiner.gaps) == (1, 0)
    assert lay(joiner, 7) is JoinState.JOINED


def test_a_lost_update_is_a_gap_and_the_updates_after_it_wait_for_a_new_snapshot() -> None:
    joiner = joined_at(5)

    assert joiner.update(Delta(7, 7, bids=((98, 1),))) is Step.GAP
    assert joiner.needs_snapshot
    assert joiner.flaw(2) is Flaw.UNCHAINED
    assert joiner.update(Delta(8, 8)) is Step.BUFFERED
    assert lay(joiner, 6) is JoinState.JOINED
    assert (joiner.sequence, joiner.gaps) == (8, 1)


def test_an_overlapping_update_is_a_gap_once_joined() -> None:
    assert joined_at(5).update(Delta(5, 6)) is Step.GAP


def test_a_duplicate_is_dropped_counted_and_changes_nothing() -> None:
    joiner = joined_at(5)
    before = joiner.book.top(5)

    assert joiner.update(Delta(4, 5, bids=((100, 77),), engine_us=5)) is Step.DROPPED
    assert (joiner.book.top(5), joiner.duplicates, joiner.state) == (before, 1, JoinState.JOINED)


def test_ids_that_begin_anew_are_a_gap_and_not_duplicates_for_ever() -> None:
    joiner = joined_at(5_000)

    assert joiner.update(Delta(1, 1, engine_us=6_000)) is Step.GAP
    assert joiner.needs_snapshot


def test_a_reset_forgets_the_buffer_of_the_connection_that_ended() -> None:
    joiner = Joiner()
    joiner.update(Delta(6, 6))

    joiner.reset()

    assert lay(joiner, 5) is JoinState.ANCHORED


def test_a_joined_book_refuses_another_snapshot() -> None:
    with pytest.raises(ImpossibleMove):
        lay(joined_at(5), 9)


def test_an_overflowing_buffer_ends_in_a_gap_and_never_in_a_wrong_book() -> None:
    joiner = Joiner(buffer=2)
    for i in (6, 7, 8):
        joiner.update(Delta(i, i))

    assert lay(joiner, 5) is JoinState.WAITING


@pytest.mark.parametrize(("bid", "flaw"), [(101, Flaw.LOCKED), (102, Flaw.CROSSED)])
def test_a_crossed_or_locked_book_is_flagged_until_it_has_come_apart(bid: int, flaw: Flaw) -> None:
    joiner = joined_at(5)

    joiner.update(Delta(6, 6, bids=((bid, 1),)))
    assert joiner.flaw(2) is flaw
    joiner.update(Delta(7, 7, bids=((bid, 0),)))
    assert joiner.flaw(2) is Flaw.NONE


def test_a_market_that_walks_to_the_edge_of_the_snapshot_is_flagged() -> None:
    joiner = Joiner()
    lay(joiner, 4, limit=2)
    joiner.update(Delta(5, 5))
    assert joiner.flaw(2) is Flaw.NONE

    joiner.update(Delta(6, 6, bids=((100, 0), (98, 1))))  # 98 lies where the snapshot did not reach

    assert joiner.flaw(2) is Flaw.SHALLOW
    assert joiner.flaw(1) is Flaw.NONE


class Exchange(NamedTuple):
    """A true history: `books[i]` is the book after the update with id i."""

    updates: tuple[Delta, ...]
    books: tuple[tuple[Levels, Levels], ...]


changes = st.lists(st.tuples(st.integers(min_value=1, max_value=12), st.integers(min_value=0, max_value=4)), max_size=3)


@st.composite
def histories(draw: st.DrawFn) -> Exchange:
    book, next_id = OrderBook(), 1
    updates: list[Delta] = []
    books: list[tuple[Levels, Levels]] = [((), ())]
    for span, bids, asks in draw(
        st.lists(st.tuples(st.integers(min_value=1, max_value=3), changes, changes), min_size=1, max_size=15)
    ):
        delta = Delta(
            next_id,
            next_id + span - 1,
            tuple(dict(bids).items()),
            tuple((ticks + 20, lots) for ticks, lots in dict(asks).items()),
            engine_us=next_id,
        )
        book.apply(delta.bids, delta.asks)
        updates.append(delta)
        books += [book.top(50)] * span  # only the last id of a span is a state that anybody ever saw
        next_id += span
    return Exchange(tuple(updates), tuple(books))


@settings(deadline=None)
@given(data=st.data(), exchange=histories())
def test_any_loss_repetition_and_disorder_gives_the_true_book_or_the_word_gap(
    data: st.DataObject, exchange: Exchange
) -> None:
    positions = st.integers(min_value=0, max_value=len(exchange.updates) - 1)
    orderly = data.draw(st.integers(min_value=0, max_value=len(exchange.updates)))
    received = list(range(orderly)) + data.draw(st.lists(positions, max_size=20))
    joiner = Joiner()

    for index in received:
        joiner.update(exchange.updates[index])
        if joiner.needs_snapshot and data.draw(st.booleans()):
            seen = exchange.updates[data.draw(positions)].last_id
            bids, asks = exchange.books[seen]
            joiner.snapshot(sequence=seen, bids=bids, asks=asks, engine_us=seen, limit=1000)

        joined = joiner.state is JoinState.JOINED
        assert not joined or joiner.book.top(50) == exchange.books[joiner.sequence]


@settings(deadline=None)
@given(exchange=histories(), data=st.data())
def test_an_orderly_stream_always_joins_wherever_the_snapshot_is_taken(exchange: Exchange, data: st.DataObject) -> None:
    taken_at = data.draw(st.integers(min_value=0, max_value=len(exchange.updates) - 1))
    answered_at = data.draw(st.integers(min_value=taken_at, max_value=len(exchange.updates) - 1))
    joiner = Joiner()

    for index, update in enumerate(exchange.updates):
        joiner.update(update)
        if index == answered_at:
            seen = exchange.updates[taken_at].last_id
            bids, asks = exchange.books[seen]
            joiner.snapshot(sequence=seen, bids=bids, asks=asks, engine_us=seen, limit=1000)

    assert joiner.state is JoinState.JOINED
    assert joiner.book.top(50) == exchange.books[-1]
    assert (joiner.gaps, joiner.stale_snapshots) == (0, 0)
