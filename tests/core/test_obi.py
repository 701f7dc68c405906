"""Order book imbalance: known answers by hand, and what must hold for every book."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.core.book import BookView
from trading.core.errors import EmptyBook
from trading.core.obi import book_imbalance, order_book_imbalance

levels = st.lists(
    st.tuples(st.integers(min_value=1, max_value=10**7), st.integers(min_value=1, max_value=10**9)),
    min_size=1,
    max_size=30,
).map(tuple)
views = st.builds(BookView, bids=levels, asks=levels)
depths = st.integers(min_value=1, max_value=30)


@pytest.mark.parametrize(
    ("bid_volume", "ask_volume", "expected"),
    [(30, 10, 0.5), (10, 30, -0.5), (7, 7, 0.0), (5, 0, 1.0), (0, 5, -1.0), (70, 30, 0.4)],
)
def test_imbalance_worked_out_by_hand(bid_volume: int, ask_volume: int, expected: float) -> None:
    assert order_book_imbalance(bid_volume, ask_volume) == pytest.approx(expected, abs=1e-15)


def test_no_volume_is_undefined_and_never_balanced() -> None:
    with pytest.raises(EmptyBook):
        order_book_imbalance(0, 0)
    with pytest.raises(EmptyBook):
        book_imbalance(BookView(bids=(), asks=()))


def test_a_level_is_price_then_quantity_and_volume_means_quantity() -> None:
    view = BookView(bids=((1_000_000, 3),), asks=((1_000_001, 1),))

    assert book_imbalance(view) == 0.5


def test_only_the_best_levels_count() -> None:
    view = BookView(bids=((100, 3), (99, 1_000)), asks=((101, 1), (102, 5)))

    assert book_imbalance(view, depth=1) == 0.5
    assert book_imbalance(view, depth=2) == (1_003 - 6) / (1_003 + 6)


def test_twenty_levels_count_by_default() -> None:
    view = BookView(bids=tuple((100 - i, 1) for i in range(25)), asks=((101, 20),))

    assert book_imbalance(view) == 0.0


def test_a_depth_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="depth"):
        book_imbalance(BookView(bids=((1, 1),), asks=()), depth=0)


@settings(deadline=None)
@given(view=views, depth=depths)
def test_a_mirrored_book_has_the_opposite_imbalance(view: BookView, depth: int) -> None:
    assert book_imbalance(view.mirrored(), depth) == -book_imbalance(view, depth)


@settings(deadline=None)
@given(view=views, depth=depths, factor=st.integers(min_value=1, max_value=10**6))
def test_scaling_every_quantity_leaves_the_imbalance_alone(view: BookView, depth: int, factor: int) -> None:
    scaled = BookView(
        bids=tuple((p, q * factor) for p, q in view.bids), asks=tuple((p, q * factor) for p, q in view.asks)
    )

    assert book_imbalance(scaled, depth) == pytest.approx(book_imbalance(view, depth), abs=1e-12)


@settings(deadline=None)
@given(view=views, depth=depths, shift=st.integers(min_value=-1000, max_value=1000))
def test_prices_do_not_enter_the_imbalance(view: BookView, depth: int, shift: int) -> None:
    moved = BookView(bids=tuple((p + shift, q) for p, q in view.bids), asks=tuple((p + shift, q) for p, q in view.asks))

    assert book_imbalance(moved, depth) == book_imbalance(view, depth)


@settings(deadline=None)
@given(view=views, depth=depths)
def test_imbalance_stays_between_minus_one_and_one(view: BookView, depth: int) -> None:
    assert -1.0 <= book_imbalance(view, depth) <= 1.0


@settings(deadline=None)
@given(view=views)
def test_one_side_alone_is_the_extreme(view: BookView) -> None:
    assert book_imbalance(BookView(bids=view.bids, asks=())) == 1.0
    assert book_imbalance(BookView(bids=(), asks=view.asks)) == -1.0
