"""Exits: one closing order at a time, none for what has closed, and the stop stays until they have worked."""

from __future__ import annotations

from decimal import Decimal

from recordings.events import BookUpdate
from tests.kit.desk import Desk
from tests.kit.exchange import MID, SYMBOL
from tests.kit.lossy import Loss, LossyProxy
from tests.kit.overtaken import Overtaken
from tests.kit.scenes import enter, enter_protected, stops
from tests.kit.steps import show_only, step_until, take_until_shown
from trading.core.strategies.actions import Verdict
from trading.exchange.backpack.rest import BackpackRest
from trading.execution.accounts_worker import AccountsWorker
from trading.execution.exits import exit_position
from trading.execution.shard_rows import BotRows
from trading.models import Order, OrderIntent, Position

D = Decimal


def test_an_exit_that_is_refused_keeps_the_stop(desk: Desk, worker: AccountsWorker) -> None:
    position = enter_protected(desk, worker)
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


def test_a_naked_position_whose_closing_order_got_lost_has_its_stop_placed_all_the_same(
    desk: Desk, worker: AccountsWorker, proxy: LossyProxy, lossy_rest: BackpackRest
) -> None:
    desk.exchange.settings(attached_stops="none")
    position = enter(desk, worker)
    proxy.loss = Loss.REQUEST
    exit_position(position.pk, reason="by_test", exchange=lossy_rest, now=desk.now())
    desk.to_protect.clear()
    step_until(worker, lambda: position.pk in desk.to_protect)

    done = desk.protector.protect(position.pk)

    assert done == "stop_placed"
    assert OrderIntent.objects.get(purpose="exit").state == "unknown"
    assert desk.position().covered_quantity == position.quantity


def test_a_position_whose_exit_is_proven_absent_falls_back_to_its_stop(
    desk: Desk, worker: AccountsWorker, proxy: LossyProxy, lossy_rest: BackpackRest
) -> None:
    position = enter_protected(desk, worker)
    proxy.loss = Loss.REQUEST
    exit_position(position.pk, reason="by_test", exchange=lossy_rest, now=desk.now())
    exiting = desk.position().state

    for later_s in (8, 10):
        desk.reconcile(later_s=later_s)

    assert exiting == "exiting"
    assert desk.position().state == "protected"
    assert OrderIntent.objects.get(purpose="exit").state == "not_placed"


def test_a_closing_order_that_expired_at_once_does_not_bar_the_next_one(desk: Desk, worker: AccountsWorker) -> None:
    position = enter_protected(desk, worker)
    desk.line.cut()
    desk.exchange.show(BookUpdate(0, True, (), ((MID + 1, 20),)))
    exit_position(position.pk, reason="first", exchange=desk.rest, now=desk.now())
    assert Order.objects.get(intent__purpose="exit").status == "Expired"
    desk.exchange.book(bids=20, asks=20)
    for later_s in (0, 10, 20):
        desk.reconcile(later_s=later_s)

    assert desk.position().state == "protected"
    assert exit_position(position.pk, reason="second", exchange=desk.rest, now=desk.now()) is not None


def test_a_closing_order_is_under_way_until_its_fills_are_stored(desk: Desk, worker: AccountsWorker) -> None:
    """The answer says Filled, the stream's orderAccepted comes, and its fill a moment later."""
    position = enter_protected(desk, worker)
    exit_position(position.pk, reason="first", exchange=desk.rest, now=desk.now())
    first = Order.objects.get(intent__purpose="exit")
    assert first.status == "Filled"
    show_only(worker, take_until_shown(worker, i=first.exchange_id, e="orderAccepted"))
    assert not first.fills.exists()

    exit_position(position.pk, reason="second", exchange=desk.rest, now=desk.now())

    assert OrderIntent.objects.filter(purpose="exit").count() == 1


def test_no_exit_is_sent_for_a_position_that_has_closed_meanwhile(desk: Desk, worker: AccountsWorker) -> None:
    """What it would reduce is somebody else's: the customer's own position in the same market."""
    position = enter_protected(desk, worker)

    def the_stop_closes_it(rows: BotRows, verdict: Verdict) -> None:
        Position.objects.filter(id=position.pk).update(state="closed", quantity=0, closed_us=1)

    desk.post_book(bids=10, asks=90)
    overtaken = Overtaken(redis=desk.redis, keys=desk.keys, exchange=desk.rest, speed=1.0, meanwhile=the_stop_closes_it)
    overtaken.evaluate(symbol=SYMBOL, shard=0)

    assert not OrderIntent.objects.filter(purpose="exit").exists()
