"""Trigger orders: direction, quantity, what they become and how they fail."""

from __future__ import annotations

import pytest
from sandbox_script import ASK, BID, Script, attached, children_of

from sandbox.engine.orders import Expiry, OrderType, Reference, Status
from sandbox.errors import Refused


def test_a_stop_waits_with_quantity_zero_and_fires_into_an_order_with_a_new_id(script: Script) -> None:
    script.take(script.alice, BID, 100)
    stop = script.stop(script.alice, ASK, "1", 9_990)
    assert (stop.status, stop.lots) == (Status.TRIGGER_PENDING, 0)

    script.move_mid(9_990)

    fired = next(o for o in script.alice.orders.values() if o.request.related_id == stop.id)
    assert stop.status is Status.TRIGGERED
    assert (fired.status, fired.filled, script.lots(script.alice)) == (Status.FILLED, 100, 0)
    assert script.events_of(stop) == ["triggerPlaced"]
    assert script.events_of(fired) == ["orderAccepted", "orderFill"]


def test_a_stop_placed_after_the_price_has_passed_waits_for_the_wrong_side(script: Script) -> None:
    script.take(script.alice, BID, 100)
    script.move_mid(9_980)
    stop = script.stop(script.alice, ASK, "1", 9_990)

    script.move_mid(9_900)
    assert (stop.status, script.lots(script.alice)) == (Status.TRIGGER_PENDING, 100)
    for mid in (9_920, 9_940, 9_960, 9_980, 9_991):
        script.move_mid(mid)

    assert (stop.status, script.lots(script.alice)) == (Status.TRIGGERED, 0)


def test_a_buy_trigger_below_the_market_waits_for_a_fall(script: Script) -> None:
    stop = script.stop(script.alice, BID, "0.5", 9_990, reduce_only=None)

    script.move_mid(9_995)
    assert stop.status is Status.TRIGGER_PENDING
    script.move_mid(9_989)

    assert script.lots(script.alice) == 50


@pytest.mark.parametrize(
    ("reference", "fires"), [(Reference.LAST, True), (None, True), (Reference.MARK, False), (Reference.INDEX, False)]
)
def test_a_trigger_watches_the_price_it_names_and_the_last_one_if_it_names_none(
    script: Script, reference: Reference | None, fires: bool
) -> None:
    script.take(script.alice, BID, 100)
    stop = script.stop(script.alice, ASK, "1", 9_998, trigger_by=reference)

    script.sells(5, at=9_998)

    assert (stop.status is Status.TRIGGERED) is fires


def test_a_percentage_is_taken_of_the_position_when_the_trigger_fires(script: Script) -> None:
    stop_before = script.take(script.alice, BID, 100)
    script.stop(script.alice, ASK, "80%", 9_990)
    script.take(script.alice, BID, 100)

    script.move_mid(9_990)

    assert stop_before.filled == 100
    assert script.lots(script.alice) == 40


def test_a_stop_without_a_position_fails_when_it_fires(script: Script) -> None:
    stop = script.stop(script.alice, ASK, "1", 9_990)

    script.move_mid(9_990)

    assert (stop.status, stop.expiry) == (Status.TRIGGER_FAILED, Expiry.STOP_WITHOUT_POSITION)
    assert script.events_of(stop) == ["triggerPlaced", "triggerFailed"]


def test_a_stop_ends_with_its_position(script: Script) -> None:
    script.take(script.alice, BID, 100)
    stop = script.stop(script.alice, ASK, "1", 9_990)

    script.take(script.alice, ASK, 100, reduce_only=True)

    assert (stop.status, stop.expiry) == (Status.EXPIRED, Expiry.STOP_WITHOUT_POSITION)


def test_a_position_that_is_turned_round_takes_its_stops_with_it_and_keeps_the_new_one(script: Script) -> None:
    script.take(script.alice, BID, 100)
    old = script.stop(script.alice, ASK, "1", 9_990)

    entry = script.take(script.alice, ASK, 150, stop_loss=attached(10_050))

    assert (old.status, old.expiry) == (Status.EXPIRED, Expiry.STOP_WITHOUT_POSITION)
    assert [child.status for child in children_of(entry)] == [Status.TRIGGER_PENDING]


def test_too_many_stops_on_a_position_are_refused(script: Script) -> None:
    script.exchange.venue.settings.max_stop_orders_per_position = 1
    script.stop(script.alice, ASK, "1", 9_990)

    with pytest.raises(Refused, match="Maximum stop orders per position reached"):
        script.stop(script.alice, ASK, "1", 9_980)


def test_a_stop_limit_order_rests_at_its_price_after_it_fired(script: Script) -> None:
    script.take(script.alice, BID, 100)
    request = {"order_type": OrderType.LIMIT, "price_ticks": 9_995, "reduce_only": True}
    script.stop(script.alice, ASK, "1", 9_990, **request)

    script.move_mid(9_990)

    resting = next(iter(script.alice.live.values()))
    assert (resting.price_ticks, resting.lots, resting.status) == (9_995, 100, Status.NEW)


def test_a_fired_stop_can_fire_the_next_one_by_the_price_it_makes(script: Script) -> None:
    script.take(script.alice, BID, 100)
    script.take(script.bob, BID, 100)
    script.snapshot({9_999: 50, 9_990: 50, 9_980: 1_000}, {10_001: 1_000})
    script.stop(script.alice, ASK, "1", 9_999, trigger_by=Reference.LAST)
    script.stop(script.bob, ASK, "1", 9_990, trigger_by=Reference.LAST)

    script.sells(1, at=9_999)

    assert (script.lots(script.alice), script.lots(script.bob)) == (0, 0)


def test_a_mark_price_moves_no_further_per_second_than_the_filter_allows(script: Script) -> None:
    script.pass_time(1)

    script.move_mid(5_000)

    assert script.market.mark_ticks == 9_975  # 10,000 x 0.9975


def test_naked_time_runs_until_a_stop_on_the_right_side_covers_the_position(script: Script) -> None:
    script.take(script.alice, BID, 100)
    script.pass_time(0.5)
    script.stop(script.alice, ASK, "0.4", 9_990)
    script.pass_time(0.25)
    script.stop(script.alice, ASK, "0.6", 9_985)
    script.pass_time(3)

    position = script.alice.positions["SOL_USDC_PERP"]
    assert [end - start for start, end in position.naked] == [750_000]
    assert position.naked_since_us is None


def test_a_take_profit_does_not_count_as_protection(script: Script) -> None:
    script.take(script.alice, BID, 100)

    script.stop(script.alice, ASK, "1", 10_100)

    assert script.alice.positions["SOL_USDC_PERP"].naked_since_us is not None
