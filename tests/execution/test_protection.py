"""Protection: coverage by confirmed stops, whatever the attached stop does; a close where a stop would be too late."""

from __future__ import annotations

from decimal import Decimal

from tests.kit.desk import Desk
from tests.kit.exchange import MID, SYMBOL
from tests.kit.scenes import by_hand, cancel_stop, enter, enter_protected, let_stop_fire, rest_entry, stops
from tests.kit.steps import step_until
from trading.core.units import Side
from trading.execution.accounts_worker import AccountsWorker
from trading.execution.protection import Protector
from trading.models import Position

D = Decimal


def test_an_attached_stop_that_the_exchange_confirms_protects_the_position(desk: Desk, worker: AccountsWorker) -> None:
    position = enter_protected(desk, worker)

    assert desk.position().covered_quantity == position.quantity == D("0.010")
    assert desk.position().naked_max_us < 1_000
    assert desk.to_protect == []


def test_a_fill_without_an_attached_stop_gets_a_reduce_only_stop_by_mark_price(
    desk: Desk, worker: AccountsWorker
) -> None:
    desk.exchange.settings(attached_stops="none")
    position = enter(desk, worker)
    step_until(worker, lambda: desk.to_protect == [position.pk])

    done = desk.protector.protect(position.pk)

    [stop] = stops(desk)
    shown = next(one for one in desk.exchange.ledger(desk.alice.api_key)["orders"] if one["id"] == stop.exchange_id)
    assert done == "stop_placed"
    assert (shown["triggerPrice"], shown["triggerQuantity"], shown["triggerBy"]) == ("99700", "0.01", "MarkPrice")
    assert shown["reduceOnly"] is True
    assert desk.position().state == "protected"
    assert desk.position().naked_max_us > 0


def test_protecting_twice_places_one_stop(desk: Desk, worker: AccountsWorker) -> None:
    desk.exchange.settings(attached_stops="none")
    position = enter(desk, worker)

    first, second = desk.protector.protect(position.pk), desk.protector.protect(position.pk)

    assert (first, second) == ("stop_placed", "covered")
    assert len(stops(desk)) == 1


def test_a_stop_fixed_at_the_first_fill_is_topped_up_to_the_position(desk: Desk, worker: AccountsWorker) -> None:
    desk.exchange.settings(attached_stops="fixed")
    enter_protected(desk, worker, takes="0.024")  # twenty lots stood before us: four of ours fill
    desk.bob_takes(Side.ASK, "0.006")
    step_until(worker, lambda: desk.position().quantity == D("0.010"))
    step_until(worker, lambda: bool(desk.to_protect))

    desk.protector.protect(desk.position().pk)

    assert sorted(stop.trigger_quantity or D(0) for stop in stops(desk)) == [D("0.004"), D("0.006")]
    assert desk.position().state == "protected"


def test_a_stop_that_the_mark_has_passed_is_not_placed_and_the_position_is_closed(
    desk: Desk, worker: AccountsWorker
) -> None:
    desk.exchange.settings(attached_stops="none")
    position = enter(desk, worker)
    desk.post_mark(MID - 4_000)  # 0.40 % below: beyond the stop

    done = desk.protector.protect(position.pk)
    step_until(worker, lambda: desk.position().state == "closed")

    assert done == "stop_passed_before_placing"
    assert stops(desk) == []
    assert desk.position().exit_reason == "stop_passed_before_placing"


def test_a_position_that_stays_naked_beyond_its_budget_is_closed_at_market(desk: Desk, worker: AccountsWorker) -> None:
    desk.exchange.settings(attached_stops="none")
    position = enter(desk, worker)
    Position.objects.filter(id=position.pk).update(naked_since_ns=1)

    done = desk.protector.protect(position.pk)
    step_until(worker, lambda: desk.position().state == "closed")

    assert done == "naked_budget_over"


def test_a_stop_that_fires_closes_the_position_and_says_so(desk: Desk, worker: AccountsWorker) -> None:
    enter_protected(desk, worker)

    let_stop_fire(desk)
    step_until(worker, lambda: desk.position().state == "closed")

    closed = desk.position()
    assert closed.exit_reason == "stop"
    assert closed.holding.pnl_gross < 0
    assert closed.fees > 0


def test_a_stop_cancelled_by_hand_leaves_the_position_to_be_protected_anew(desk: Desk, worker: AccountsWorker) -> None:
    position = enter_protected(desk, worker)

    cancel_stop(desk)
    step_until(worker, lambda: position.pk in desk.to_protect)

    assert desk.protector.protect(position.pk) == "stop_placed"


def test_where_nobody_takes_the_task_the_accounts_worker_protects_by_itself(desk: Desk, worker: AccountsWorker) -> None:
    desk.exchange.settings(attached_stops="none")
    worker.protector = Protector(redis=desk.redis, keys=desk.keys, exchange=desk.rest, budget_ms=200, speed=1.0)

    enter(desk, worker)
    step_until(worker, lambda: desk.position().state != "unprotected")

    assert desk.position().state in ("protected", "exiting", "closed")
    assert desk.to_protect  # it was asked for first


def test_a_position_made_by_hand_is_left_alone(desk: Desk, worker: AccountsWorker) -> None:
    desk.bob_takes(Side.BID, "0.005")
    step_until(worker, lambda: Position.objects.filter(account=desk.bob).exists())
    made_by_hand = Position.objects.get(account=desk.bob)

    assert desk.protector.protect(made_by_hand.pk) == "left_alone"
    assert made_by_hand.bot is None


def test_a_bots_entry_on_top_of_a_position_made_by_hand_gets_its_stop(desk: Desk, worker: AccountsWorker) -> None:
    desk.exchange.settings(attached_stops="none")
    rest_entry(desk)
    by_hand(desk, Side.BID, "0.001")
    step_until(worker, lambda: Position.objects.filter(account=desk.alice).exists())

    desk.bob_takes(Side.ASK, "0.030")
    step_until(worker, lambda: desk.position().quantity > D("0.005"))

    assert desk.protector.protect(desk.position().pk) == "stop_placed"


def test_a_stop_is_compared_with_a_mark_that_is_younger_than_the_stop(desk: Desk, worker: AccountsWorker) -> None:
    """The board's mark is two seconds old: the exchange's has passed the stop when the stop is placed."""
    desk.exchange.settings(attached_stops="none")
    position = enter(desk, worker)
    desk.post_mark(MID)
    desk.exchange.book(bids=20, asks=20, mid=MID - 6_000)
    desk.exchange.pass_time(60)
    assert desk.rest.mark_prices(SYMBOL)[0].mark_price < D("99700")

    done = desk.protector.protect(position.pk)

    assert done in ("stop_passed_before_placing", "stop_passed_while_placing")
