"""Stops that travel inside an entry, in each of the four ways in which an exchange may treat them."""

from __future__ import annotations

import pytest
from sandbox_script import ASK, BID, Script, attached, children_of

from sandbox.engine.orders import Expiry, Order, Status
from sandbox.settings import AttachedStops


def _entry_filled_in_two_pieces(script: Script, mode: AttachedStops) -> Order:
    script.exchange.venue.settings.attached_stops = mode
    entry = script.post(script.alice, BID, 300, 10_000, stop_loss=attached(9_950))
    script.sells(100, at=10_000)
    script.sells(200, at=10_000)
    return entry


@pytest.mark.parametrize(
    ("mode", "quantities"),
    [
        (AttachedStops.GROW, [300]),
        (AttachedStops.FIXED, [100]),
        (AttachedStops.CHILD, [100, 200]),
        (AttachedStops.NONE, []),
    ],
)
def test_partial_fills_cover_the_position_as_the_mode_says(
    script: Script, mode: AttachedStops, quantities: list[int]
) -> None:
    entry = _entry_filled_in_two_pieces(script, mode)

    children = children_of(entry)
    assert [child.trigger_quantity.lots for child in children] == quantities
    assert all(child.reduce_only and child.side is ASK for child in children)
    assert {child.status for child in children} <= {Status.TRIGGER_PENDING}


def test_a_growing_child_says_that_it_grew(script: Script) -> None:
    entry = _entry_filled_in_two_pieces(script, AttachedStops.GROW)

    assert script.events_of(children_of(entry)[0]) == ["triggerPlaced", "orderModified"]


@pytest.mark.parametrize(
    ("mode", "naked"), [(AttachedStops.GROW, False), (AttachedStops.FIXED, True), (AttachedStops.NONE, True)]
)
def test_naked_time_counts_what_no_child_covers(script: Script, mode: AttachedStops, naked: bool) -> None:
    _entry_filled_in_two_pieces(script, mode)

    position = script.alice.positions["SOL_USDC_PERP"]
    assert (position.naked_since_us is not None) is naked


def test_a_child_that_fires_closes_the_position_and_the_others_end(script: Script) -> None:
    entry = _entry_filled_in_two_pieces(script, AttachedStops.GROW)
    other = script.stop(script.alice, ASK, "3", 9_900)

    script.move_mid(9_950)

    assert script.lots(script.alice) == 0
    assert children_of(entry)[0].status is Status.TRIGGERED
    assert (other.status, other.expiry) == (Status.EXPIRED, Expiry.STOP_WITHOUT_POSITION)


def test_a_child_created_after_the_price_has_passed_waits_for_the_wrong_side(script: Script) -> None:
    entry = script.post(script.alice, BID, 300, 9_999, stop_loss=attached(9_998))

    script.snapshot({9_900: 1_000}, {9_902: 1_000})
    assert children_of(entry)[0].status is Status.TRIGGER_PENDING
    script.pass_time(1)
    second = script.limit(script.alice, BID, 10, 9_902, stop_loss=attached(9_990))

    assert children_of(second)[0].fires_rising
    assert not children_of(entry)[0].fires_rising


def test_a_take_profit_travels_beside_the_stop(script: Script) -> None:
    entry = script.take(script.alice, BID, 100, stop_loss=attached(9_950), take_profit=attached(10_050))

    script.move_mid(10_052)

    assert [child.status for child in children_of(entry)] == [Status.EXPIRED, Status.TRIGGERED]
    assert script.lots(script.alice) == 0


def test_what_an_entry_takes_off_an_opposite_position_gets_no_stop(script: Script) -> None:
    script.take(script.alice, BID, 100)

    closing = script.take(script.alice, ASK, 100, stop_loss=attached(10_050))
    script.take(script.alice, BID, 100)
    turning = script.take(script.alice, ASK, 150, stop_loss=attached(10_050))

    assert children_of(closing) == []
    assert [child.trigger_quantity.lots for child in children_of(turning)] == [50]


def test_a_cancelled_entry_without_fills_has_no_children(script: Script) -> None:
    entry = script.post(script.alice, BID, 300, 9_999, stop_loss=attached(9_950))

    script.cancel(entry)

    assert children_of(entry) == []
