"""The order book, worked out by hand and compared with a naive model."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.core.book import BookView, Level, OrderBook
from trading.core.errors import EmptyBook
from trading.core.units import Side

BIDS = [(98, 5), (100, 2), (99, 3)]
ASKS = [(103, 9), (101, 4), (102, 1)]

ticks = st.integers(min_value=-30, max_value=30)
sides = st.lists(st.tuples(ticks, st.integers(min_value=0, max_value=9)), max_size=12)
updates = st.lists(st.tuples(sides, sides), max_size=12)


def book_of(bids: list[Level], asks: list[Level]) -> OrderBook:
    book = OrderBook()
    book.replace(bids, asks)
    return book


def test_replacing_sorts_both_sides_best_first_whatever_order_they_came_in() -> None:
    assert book_of(BIDS, ASKS).top(20) == (((100, 2), (99, 3), (98, 5)), ((101, 4), (102, 1), (103, 9)))


def test_the_best_bid_is_the_highest_although_rest_lists_bids_ascending() -> None:
    book = book_of(sorted(BIDS), sorted(ASKS))

    assert book.best_bid == (100, 2)
    assert book.best_ask == (101, 4)
    assert book.spread_ticks == 1


def test_top_gives_no_more_than_the_depth_asked_for() -> None:
    assert book_of(BIDS, ASKS).top(2) == (((100, 2), (99, 3)), ((101, 4), (102, 1)))


def test_an_update_sets_absolute_quantities_and_inserts_new_levels() -> None:
    book = book_of(BIDS, ASKS)

    book.apply([(99, 7), (97, 1)], [(101, 6), (104, 2)])

    assert book.top(20) == (
        ((100, 2), (99, 7), (98, 5), (97, 1)),
        ((101, 6), (102, 1), (103, 9), (104, 2)),
    )


def test_zero_lots_delete_a_level_and_deleting_an_unknown_level_changes_nothing() -> None:
    book = book_of(BIDS, ASKS)

    book.apply([(100, 0), (55, 0)], [(101, 0)])

    assert book.top(20) == (((99, 3), (98, 5)), ((102, 1), (103, 9)))


def test_volume_is_the_sum_of_quantities_of_the_best_levels_and_never_of_prices() -> None:
    book = book_of(BIDS, ASKS)

    assert book.volume(Side.BID, 2) == 2 + 3
    assert book.volume(Side.ASK, 2) == 4 + 1
    assert book.volume(Side.BID, 20) == 10


def test_an_empty_side_has_no_best_price_and_raises() -> None:
    book = book_of([], [(101, 4)])

    with pytest.raises(EmptyBook):
        _ = book.best_bid
    with pytest.raises(EmptyBook):
        _ = book.spread_ticks
    with pytest.raises(EmptyBook):
        _ = book.view(5).best_bid


@pytest.mark.parametrize(
    ("bid", "ask", "crossed", "locked"),
    [(100, 101, False, False), (100, 100, False, True), (101, 100, True, False)],
)
def test_a_book_knows_whether_it_is_crossed_or_locked(bid: int, ask: int, crossed: bool, locked: bool) -> None:
    book = book_of([(bid, 1)], [(ask, 1)])

    assert (book.is_crossed, book.is_locked) == (crossed, locked)
    assert (book.view(1).is_crossed, book.view(1).is_locked) == (crossed, locked)


def test_an_empty_side_is_neither_crossed_nor_locked() -> None:
    assert not book_of([(100, 1)], []).is_crossed
    assert not book_of([], [(100, 1)]).is_locked


@pytest.mark.parametrize("depth", [0, -1])
def test_a_depth_below_one_is_refused(depth: int) -> None:
    book = book_of(BIDS, ASKS)

    with pytest.raises(ValueError, match="depth"):
        book.top(depth)
    with pytest.raises(ValueError, match="depth"):
        book.volume(Side.BID, depth)


@settings(deadline=None)
@given(first=st.tuples(sides, sides), changes=updates, depth=st.integers(min_value=1, max_value=25))
def test_the_book_equals_a_dict_sorted_on_demand(
    first: tuple[list[Level], list[Level]], changes: list[tuple[list[Level], list[Level]]], depth: int
) -> None:
    book = book_of(list(dict(first[0]).items()), list(dict(first[1]).items()))
    bids, asks = dict(first[0]), dict(first[1])

    for new_bids, new_asks in changes:
        book.apply(new_bids, new_asks)
        bids.update(new_bids)
        asks.update(new_asks)

    model_bids = tuple(sorted(((p, q) for p, q in bids.items() if q), reverse=True))
    model_asks = tuple(sorted((p, q) for p, q in asks.items() if q))
    assert book.top(depth) == (model_bids[:depth], model_asks[:depth])
    assert book.view(depth) == BookView(model_bids[:depth], model_asks[:depth])
    assert book.volume(Side.BID, depth) == sum(q for _, q in model_bids[:depth])
    assert book.volume(Side.ASK, depth) == sum(q for _, q in model_asks[:depth])
    assert (book.level_count(Side.BID), book.level_count(Side.ASK)) == (len(model_bids), len(model_asks))


def test_a_rank_names_the_price_of_a_level_and_none_where_there_is_no_such_level() -> None:
    book = book_of(BIDS, ASKS)

    assert [book.ticks_at(Side.BID, rank) for rank in (1, 2, 3, 4)] == [100, 99, 98, None]
    assert [book.ticks_at(Side.ASK, rank) for rank in (1, 2, 3, 4)] == [101, 102, 103, None]
