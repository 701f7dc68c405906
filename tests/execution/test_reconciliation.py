"""Reconciliation: an unknown outcome is looked up and never resent; rows follow the exchange's truth."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from tests.kit.desk import Desk
from tests.kit.exchange import SYMBOL
from tests.kit.lossy import Loss, LossyProxy
from tests.kit.outages import Altered
from tests.kit.scenes import enter_unseen, rest_entry
from trading.exchange.backpack.rest import BackpackRest
from trading.exchange.ports import Credentials, ExchangeOrder, OrderRequest, Outcome
from trading.execution.errors import AlreadyClaimed
from trading.execution.intents import claim
from trading.execution.reconciliation import Reconciler
from trading.models import Fill, Order, OrderIntent, Position

D = Decimal


@pytest.fixture
def losing(desk: Desk, proxy: LossyProxy, lossy_rest: BackpackRest) -> LossyProxy:
    """The line that the evaluator's orders go over."""
    desk.evaluator.exchange = lossy_rest
    return proxy


def test_a_lost_answer_is_looked_up_and_never_resent(desk: Desk, losing: LossyProxy) -> None:
    losing.loss = Loss.ANSWER
    desk.post_book(bids=80, asks=20)
    desk.evaluate()
    unknown = OrderIntent.objects.get().state

    desk.post_book(bids=80, asks=20)
    desk.evaluate()  # the entry may exist: nothing more is sent
    desk.reconcile()

    intent = OrderIntent.objects.get()
    assert (unknown, intent.state) == ("unknown", "acknowledged")
    assert intent.order.status == "New"
    assert losing.placed == 1
    assert len(desk.exchange.ledger(desk.alice.api_key)["orders"]) == 1


def test_a_lost_answer_whose_order_has_filled_meanwhile_is_found_with_its_fill(desk: Desk, losing: LossyProxy) -> None:
    losing.loss = Loss.ANSWER
    enter_unseen(desk)

    desk.reconcile()

    position = Position.objects.get(account=desk.alice)
    assert OrderIntent.objects.get().state == "acknowledged"
    assert position.quantity == D("0.010")
    assert position.stop_price == D("99700")
    assert position.covered_quantity == D("0.010")
    assert position.state == "protected"


def test_an_order_that_never_arrived_is_believed_absent_only_after_its_window_and_a_second_look(
    desk: Desk, losing: LossyProxy
) -> None:
    losing.loss = Loss.REQUEST
    desk.post_book(bids=80, asks=20)
    desk.evaluate()
    states = [OrderIntent.objects.get().state]
    for later_s in (1.0, 6.5, 7.0, 8.0):
        desk.reconcile(later_s=later_s)
        states.append(OrderIntent.objects.get().state)

    assert states == ["unknown", "unknown", "unknown", "unknown", "not_placed"]
    assert OrderIntent.objects.get().is_live is False
    assert losing.placed == 1


def test_a_worker_killed_between_stored_and_recorded_leaves_an_intent_that_is_settled(desk: Desk) -> None:
    desk.post_book(bids=80, asks=20)
    desk.evaluate()
    Order.objects.all().delete()
    OrderIntent.objects.update(state="sending", sent_ns=None, answered_ns=None)

    desk.reconcile()

    assert OrderIntent.objects.get().state == "acknowledged"
    assert OrderIntent.objects.get().order.status == "New"


def test_an_intent_that_nobody_claimed_lapses(desk: Desk) -> None:
    desk.post_book(bids=80, asks=20)
    desk.evaluate()
    stale = OrderIntent.objects.get()
    OrderIntent.objects.filter(id=stale.pk).update(
        state="pending", created_at=datetime(2026, 1, 1, tzinfo=desk.now().tzinfo)
    )
    Order.objects.all().delete()
    desk.rest.cancel_all(desk.credentials, symbol=SYMBOL, kind="RestingLimitOrder")

    desk.reconcile()

    assert OrderIntent.objects.get().state == "not_placed"


def test_an_intent_can_be_claimed_once(desk: Desk) -> None:
    desk.post_book(bids=80, asks=20)
    desk.evaluate()
    OrderIntent.objects.update(state="pending")
    intent_id = OrderIntent.objects.get().pk
    claim(intent_id, now=desk.now())

    with pytest.raises(AlreadyClaimed):
        claim(intent_id, now=desk.now())


def test_fills_and_endings_that_no_stream_has_shown_are_found(desk: Desk) -> None:
    enter_unseen(desk)

    desk.reconcile()
    desk.reconcile()  # once more changes nothing

    assert Fill.objects.filter(account=desk.alice).count() == 1
    assert OrderIntent.objects.get().is_live is False
    assert Position.objects.get(account=desk.alice).state == "protected"
    assert desk.alice_row().entry_stops == []


def test_a_difference_that_fills_do_not_explain_stops_entries_and_is_shown(desk: Desk) -> None:
    enter_unseen(desk)
    desk.reconcile()
    Position.objects.update(quantity=D("0.005"))

    desk.reconcile()

    assert "BTC_USDC_PERP (ours 0.005" in desk.alice_row().position_difference
    desk.post_book(bids=80, asks=20)
    desk.evaluate()
    assert OrderIntent.objects.filter(purpose="entry", is_live=True).count() == 0


def test_the_stop_of_an_open_position_is_known_after_a_restart(desk: Desk) -> None:
    enter_unseen(desk)
    desk.reconcile()
    Order.objects.filter(status="TriggerPending").delete()
    Position.objects.update(state="unprotected", covered_quantity=0)

    desk.reconcile()

    assert Position.objects.get().state == "protected"


def test_a_child_that_echoes_its_parents_client_id_does_not_take_the_parents_intent(
    desk: Desk, losing: LossyProxy
) -> None:
    """An attached stop that carries its entry's client id, and the entry's answer lost."""
    losing.loss = Loss.ANSWER
    enter_unseen(desk)

    def echoing(credentials: Credentials) -> list[ExchangeOrder]:
        return [replace(one, client_id=1) for one in desk.rest.open_orders(credentials) if one.related_order_id]

    desk.reconciler = Reconciler(exchange=Altered(desk.rest, open_orders=echoing), window_ms=5_000, speed=1.0)
    desk.reconcile()

    assert desk.position().stop_price == D("99700")
    assert OrderIntent.objects.get().order.trigger_price is None


def test_an_order_believed_absent_cannot_be_sent_afterwards(desk: Desk) -> None:
    """A sender that is held up between claiming and signing: the exchange has to refuse what comes too late."""
    rest = BackpackRest(base_url=desk.exchange.rest, signer=desk.signer, window_ms=200)
    desk.reconciler = Reconciler(exchange=rest, window_ms=200, speed=1.0)
    states = []

    def held_up(batch: Sequence[tuple[Credentials, OrderRequest]]) -> list[Outcome]:
        desk.reconcile(later_s=1.3)
        desk.reconcile(later_s=2.5)
        states.append(OrderIntent.objects.get().state)
        time.sleep(0.3)
        return rest.place_orders(batch)

    desk.evaluator.exchange = Altered(rest, place_orders=held_up)
    rest_entry(desk)

    assert states == ["not_placed"]
    assert desk.rest.open_orders(desk.credentials) == []
    rest.close()
