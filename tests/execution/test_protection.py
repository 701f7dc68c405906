"""Protection: coverage by confirmed stops, whatever the attached stop does; a close where a stop would be too late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.kit.desk import Desk, step_until, step_until_watched
from tests.kit.exchange import MID
from tests.kit.lossy import Loss, lossy_proxy
from trading.core.units import Side
from trading.exchange.backpack.rest import BackpackRest
from trading.execution.accounts_worker import AccountsWorker
from trading.execution.exits import exit_position
from trading.execution.protection import Protector
from trading.models import Order, OrderIntent, Position

D = Decimal


@pytest.fixture
def worker(desk: Desk) -> Iterator[AccountsWorker]:
    """The accounts worker, its private streams connected."""
    made = desk.accounts_worker()
    step_until_watched(made)
    yield made
    desk.stop.set()


def enter(desk: Desk, worker: AccountsWorker, *, takes: str = "0.030") -> Position:
    """Have Alice's entry rest alone at a new best bid, and Bob sell into it; return her position."""
    desk.exchange.book(bids=20, asks=20)
    desk.post_book(bids=80, asks=20)
    desk.evaluate()
    desk.bob_takes(Side.ASK, takes)
    step_until(worker, lambda: Position.objects.filter(account=desk.alice).exists())
    return desk.position()


def stops(desk: Desk) -> list[Order]:
    return list(Order.objects.filter(account=desk.alice, status="TriggerPending"))


def test_an_attached_stop_that_the_exchange_confirms_protects_the_position(desk: Desk, worker: AccountsWorker) -> None:
    position = enter(desk, worker)

    step_until(worker, lambda: desk.position().state == "protected")

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
    enter(desk, worker, takes="0.024")  # twenty lots stood before us: four of ours fill
    step_until(worker, lambda: desk.position().state == "protected")
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
    enter(desk, worker)
    step_until(worker, lambda: desk.position().state == "protected")

    desk.exchange.book(bids=50, asks=50, mid=MID - 4_000)
    desk.exchange.pass_time(30)  # the mark follows the book in capped steps
    step_until(worker, lambda: desk.position().state == "closed")

    closed = desk.position()
    assert closed.exit_reason == "stop"
    assert closed.holding.pnl_gross < 0
    assert closed.fees > 0


def test_a_stop_cancelled_by_hand_leaves_the_position_to_be_protected_anew(desk: Desk, worker: AccountsWorker) -> None:
    position = enter(desk, worker)
    step_until(worker, lambda: desk.position().state == "protected")
    [stop] = stops(desk)

    desk.rest.cancel_order(desk.credentials, symbol="BTC_USDC_PERP", exchange_id=stop.exchange_id)
    step_until(worker, lambda: position.pk in desk.to_protect)

    assert desk.protector.protect(position.pk) == "stop_placed"


def test_where_nobody_takes_the_task_the_accounts_worker_protects_by_itself(desk: Desk, worker: AccountsWorker) -> None:
    desk.exchange.settings(attached_stops="none")
    worker.protector = Protector(redis=desk.redis, keys=desk.keys, exchange=desk.rest, budget_ms=200, speed=1.0)

    enter(desk, worker)
    step_until(worker, lambda: desk.position().state != "unprotected")

    assert desk.position().state in ("protected", "exiting", "closed")
    assert desk.to_protect  # it was asked for first


def test_an_exit_that_is_refused_keeps_the_stop(desk: Desk, worker: AccountsWorker) -> None:
    position = enter(desk, worker)
    step_until(worker, lambda: desk.position().state == "protected")
    Position.objects.filter(id=position.pk).update(quantity=D("0.0105"))  # a quantity that the exchange refuses

    exit_position(position.pk, reason="by_test", exchange=desk.rest, now=desk.now())

    [stop] = stops(desk)
    assert stop.status == "TriggerPending"
    assert OrderIntent.objects.get(purpose="exit").state == "rejected"
    assert desk.position().state != "exiting"


def test_closing_a_position_never_opens_one_on_the_other_side(desk: Desk, worker: AccountsWorker) -> None:
    position = enter(desk, worker)
    exit_position(position.pk, reason="by_test", exchange=desk.rest, now=desk.now())
    exit_position(position.pk, reason="by_test", exchange=desk.rest, now=desk.now())
    step_until(worker, lambda: desk.position().state == "closed")

    exit_position(position.pk, reason="by_test", exchange=desk.rest, now=desk.now())

    assert [one for one in desk.exchange.ledger(desk.alice.api_key)["positions"] if one["closedUs"] is None] == []
    assert OrderIntent.objects.filter(purpose="exit").count() == 1


def test_a_position_made_by_hand_is_left_alone(desk: Desk, worker: AccountsWorker) -> None:
    desk.bob_takes(Side.BID, "0.005")
    step_until(worker, lambda: Position.objects.filter(account=desk.bob).exists())
    by_hand = Position.objects.get(account=desk.bob)

    assert desk.protector.protect(by_hand.pk) == "left_alone"
    assert by_hand.bot is None


def test_a_naked_position_whose_closing_order_got_lost_has_its_stop_placed_all_the_same(
    desk: Desk, worker: AccountsWorker
) -> None:
    desk.exchange.settings(attached_stops="none")
    position = enter(desk, worker)
    with lossy_proxy(desk.exchange.rest) as line:
        line.loss = Loss.REQUEST
        lossy = BackpackRest(base_url=line.url, signer=desk.signer)
        exit_position(position.pk, reason="by_test", exchange=lossy, now=desk.now())
        lossy.close()
    desk.to_protect.clear()
    step_until(worker, lambda: position.pk in desk.to_protect)

    done = desk.protector.protect(position.pk)

    assert done == "stop_placed"
    assert OrderIntent.objects.get(purpose="exit").state == "unknown"
    assert desk.position().covered_quantity == position.quantity


def test_a_position_whose_exit_is_proven_absent_falls_back_to_its_stop(desk: Desk, worker: AccountsWorker) -> None:
    position = enter(desk, worker)
    step_until(worker, lambda: desk.position().state == "protected")
    with lossy_proxy(desk.exchange.rest) as line:
        line.loss = Loss.REQUEST
        lossy = BackpackRest(base_url=line.url, signer=desk.signer)
        exit_position(position.pk, reason="by_test", exchange=lossy, now=desk.now())
        lossy.close()
    exiting = desk.position().state

    for later_s in (8, 10):
        now = desk.now() + timedelta(seconds=later_s)
        desk.reconciler.reconcile(desk.alice, now=now, received_ns=int(now.timestamp() * 1e9))

    assert exiting == "exiting"
    assert desk.position().state == "protected"
    assert OrderIntent.objects.get(purpose="exit").state == "not_placed"
