"""Positions: arithmetic of fills, coverage and the protection table."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.core.errors import ImpossibleMove
from trading.core.position import (
    FillValue,
    Holding,
    ProtectionEvent,
    ProtectionState,
    apply_fill,
    next_state,
    opened_by,
    stop_is_passed,
    uncovered_quantity,
)
from trading.core.units import Side

D = Decimal


def fill(side: Side, price: str, quantity: str, fee: str = "0") -> FillValue:
    return FillValue(side=side, price=D(price), quantity=D(quantity), fee=D(fee))


def test_two_fills_average_the_entry_price() -> None:
    holding = opened_by(fill(Side.BID, "100", "1", "0.02"))

    grown, left = apply_fill(holding, fill(Side.BID, "103", "2", "0.06"))

    assert left is None
    assert grown.entry_price == D(102)
    assert (grown.quantity, grown.fees) == (D(3), D("0.08"))


def test_a_short_that_is_bought_back_cheaper_gains() -> None:
    holding = opened_by(fill(Side.ASK, "100", "2"))

    flat, left = apply_fill(holding, fill(Side.BID, "99", "2", "0.1"))

    assert left is None
    assert (flat.quantity, flat.pnl_gross, flat.fees) == (D(0), D(2), D("0.1"))


def test_a_fill_larger_than_the_position_leaves_its_rest_with_its_share_of_the_fee() -> None:
    holding = opened_by(fill(Side.BID, "100", "1"))

    flat, left = apply_fill(holding, fill(Side.ASK, "101", "4", "0.4"))

    assert (flat.quantity, flat.fees, flat.pnl_gross) == (D(0), D("0.1"), D(1))
    assert left == fill(Side.ASK, "101", "3", "0.3")


FILLS = st.lists(
    st.builds(
        FillValue,
        side=st.sampled_from(Side),
        price=st.decimals("1", "1000", places=2),
        quantity=st.decimals("0.01", "10", places=2),
        fee=st.decimals("0", "1", places=4),
    ),
    min_size=1,
    max_size=20,
)


@given(FILLS)
def test_quantities_of_all_positions_add_up_to_the_fills(fills: list[FillValue]) -> None:
    net = D(0)
    holding: Holding | None = None
    for value in fills:
        net += value.side.sign * value.quantity
        left: FillValue | None = value
        if holding is not None:
            holding, left = apply_fill(holding, value)
        if left is not None:
            holding = opened_by(left)
        if holding is not None and holding.quantity == 0:
            holding = None

    assert net == (D(0) if holding is None else holding.quantity * holding.side.sign)


def test_coverage_is_the_sum_of_confirmed_stops() -> None:
    assert uncovered_quantity(D(3), [D(1), D("0.5")]) == D("1.5")
    assert uncovered_quantity(D(3), [D(2), D(2)]) == D(0)
    assert uncovered_quantity(D(3), []) == D(3)


@pytest.mark.parametrize(
    ("side", "mark", "passed"),
    [
        (Side.BID, "101", False),
        (Side.BID, "100", True),
        (Side.BID, "99", True),
        (Side.ASK, "99", False),
        (Side.ASK, "100", True),
        (Side.ASK, "101", True),
    ],
)
def test_a_stop_is_passed_once_the_mark_touches_it(side: Side, mark: str, passed: bool) -> None:
    assert stop_is_passed(side, mark=D(mark), stop=D(100)) is passed


def test_a_lost_stop_leaves_a_position_unprotected() -> None:
    assert next_state(ProtectionState.PROTECTED, ProtectionEvent.STOP_LOST) is ProtectionState.UNPROTECTED


def test_a_refused_exit_falls_back_to_the_stop_that_was_kept() -> None:
    assert next_state(ProtectionState.EXITING, ProtectionEvent.EXIT_REFUSED) is ProtectionState.PROTECTED


@pytest.mark.parametrize("event", list(ProtectionEvent))
def test_nothing_follows_closed(event: ProtectionEvent) -> None:
    with pytest.raises(ImpossibleMove):
        next_state(ProtectionState.CLOSED, event)


@pytest.mark.parametrize("state", [state for state in ProtectionState if state is not ProtectionState.CLOSED])
def test_every_open_state_can_end_flat(state: ProtectionState) -> None:
    assert next_state(state, ProtectionEvent.FLAT) is ProtectionState.CLOSED
