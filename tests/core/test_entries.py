"""Entries: where a maker joins, and where its stop and take-profit go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.core.entries import away_from, beyond, entry_price
from trading.core.errors import BrokenBook
from trading.core.units import Side


@pytest.mark.parametrize(
    ("side", "bid", "ask", "price"),
    [
        (Side.BID, 100, 101, 100),
        (Side.BID, 100, 102, 100),
        (Side.BID, 100, 103, 101),
        (Side.ASK, 100, 101, 101),
        (Side.ASK, 100, 102, 102),
        (Side.ASK, 100, 103, 102),
    ],
)
def test_an_entry_joins_a_narrow_spread_and_improves_a_wide_one_by_a_tick(
    side: Side, bid: int, ask: int, price: int
) -> None:
    assert entry_price(side, best_bid=bid, best_ask=ask) == price


@pytest.mark.parametrize(("bid", "ask"), [(100, 100), (101, 100)])
def test_a_locked_or_crossed_book_gives_no_entry_price(bid: int, ask: int) -> None:
    with pytest.raises(BrokenBook):
        entry_price(Side.BID, best_bid=bid, best_ask=ask)


@given(bid=st.integers(1, 10**9), spread=st.integers(1, 10**6), side=st.sampled_from(Side))
def test_an_entry_never_reaches_the_other_side(bid: int, spread: int, side: Side) -> None:
    price = entry_price(side, best_bid=bid, best_ask=bid + spread)

    assert bid <= price <= bid + spread
    assert price < bid + spread if side is Side.BID else price > bid


def test_a_stop_thirty_basis_points_below_a_long_entry() -> None:
    assert away_from(Side.BID, 650_000, 30.0) == 648_050  # 650,000 x 0.0030 = 1,950


def test_a_take_profit_is_never_closer_than_asked_for() -> None:
    assert beyond(Side.BID, 650_003, 10.0) == 650_654  # 650.003 ticks are rounded up to 651


def test_a_stop_is_never_farther_than_asked_for() -> None:
    assert away_from(Side.ASK, 650_003, 10.0) == 650_653


@given(price=st.integers(1, 10**9), bps=st.floats(0.01, 5_000), side=st.sampled_from(Side))
def test_a_stop_and_a_take_profit_lie_on_opposite_sides_of_the_entry(price: int, bps: float, side: Side) -> None:
    assert (away_from(side, price, bps) - price) * side.sign < 0
    assert (beyond(side, price, bps) - price) * side.sign > 0
