"""Reconciliation: an unknown outcome is looked up and never resent; rows follow the exchange's truth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.kit.desk import Desk
from tests.kit.lossy import Loss, LossyProxy, lossy_proxy
from trading.core.units import Side
from trading.exchange.backpack.rest import BackpackRest
from trading.execution.errors import AlreadyClaimed
from trading.execution.intents import claim
from trading.models import Fill, Order, OrderIntent, Position

D = Decimal


@pytest.fixture
def proxy(desk: Desk) -> Iterator[LossyProxy]:
    """A line that can lose what passes through it, used for the evaluator's orders."""
    with lossy_proxy(desk.exchange.rest) as made:
        desk.evaluator.exchange = BackpackRest(base_url=made.url, signer=desk.signer)
        yield made


def reconcile(desk: Desk, *, later_s: float) -> None:
    now = desk.now() + timedelta(seconds=later_s)
    desk.reconciler.reconcile(desk.alice, now=now, received_ns=int(now.timestamp() * 1e9))


def test_a_lost_answer_is_looked_up_and_never_resent(desk: Desk, proxy: LossyProxy) -> None:
    proxy.loss = Loss.ANSWER
    desk.post_book(bids=80, asks=20)
    desk.evaluate()
    unknown = OrderIntent.objects.get().state

    desk.post_book(bids=80, asks=20)
    desk.evaluate()  # the entry may exist: nothing more is sent
    reconcile(desk, later_s=0)

    intent = OrderIntent.objects.get()
    assert (unknown, intent.state) == ("unknown", "acknowledged")
    assert intent.order.status == "New"
    assert proxy.placed == 1
    assert len(desk.exchange.ledger(desk.alice.api_key)["orders"]) == 1


def test_a_lost_answer_whose_order_has_filled_meanwhile_is_found_with_its_fill(desk: Desk, proxy: LossyProxy) -> None:
    desk.exchange.book(bids=20, asks=20)
    proxy.loss = Loss.ANSWER
    desk.post_book(bids=80, asks=20)
    desk.evaluate()
    desk.bob_takes(Side.ASK, "0.030")

    reconcile(desk, later_s=0)

    position = Position.objects.get(account=desk.alice)
    assert OrderIntent.objects.get().state == "acknowledged"
    assert position.quantity == D("0.010")
    assert position.stop_price == D("99700")
    assert position.covered_quantity == D("0.010")
    assert position.state == "protected"


def test_an_order_that_never_arrived_is_believed_absent_only_after_its_window_and_a_second_look(
    desk: Desk, proxy: LossyProxy
) -> None:
    proxy.loss = Loss.REQUEST
    desk.post_book(bids=80, asks=20)
    desk.evaluate()
    states = [OrderIntent.objects.get().state]
    for later_s in (1.0, 6.5, 7.0, 8.0):
        reconcile(desk, later_s=later_s)
        states.append(OrderIntent.objects.get().state)

    assert states == ["unknown", "unknown", "unknown", "unknown", "not_placed"]
    assert OrderIntent.objects.get().is_live is False
    assert proxy.placed == 1


def test_a_worker_killed_between_stored_and_recorded_leaves_an_intent_that_is_settled(desk: Desk) -> None:
    desk.post_book(bids=80, asks=20)
    desk.evaluate()
    Order.objects.all().delete()
    OrderIntent.objects.update(state="sending", sent_ns=None, answered_ns=None)

    reconcile(desk, later_s=0)

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
    desk.rest.cancel_all(desk.credentials, symbol="BTC_USDC_PERP", kind="RestingLimitOrder")

    reconcile(desk, later_s=0)

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
    desk.exchange.book(bids=20, asks=20)
    desk.post_book(bids=80, asks=20)
    desk.evaluate()
    desk.bob_takes(Side.ASK, "0.030")

    reconcile(desk, later_s=0)
    reconcile(desk, later_s=0)  # once more changes nothing

    assert Fill.objects.filter(account=desk.alice).count() == 1
    assert OrderIntent.objects.get().is_live is False
    assert Position.objects.get(account=desk.alice).state == "protected"
    assert desk.alice_row().entry_stops == []


def test_a_difference_that_fills_do_not_explain_stops_entries_and_is_shown(desk: Desk) -> None:
    desk.exchange.book(bids=20, asks=20)
    desk.post_book(bids=80, asks=20)
    desk.evaluate()
    desk.bob_takes(Side.ASK, "0.030")
    reconcile(desk, later_s=0)
    Position.objects.update(quantity=D("0.005"))

    reconcile(desk, later_s=0)

    assert "BTC_USDC_PERP (ours 0.005" in desk.alice_row().position_difference
    desk.post_book(bids=80, asks=20)
    desk.evaluate()
    assert OrderIntent.objects.filter(purpose="entry", is_live=True).count() == 0


def test_the_stop_of_an_open_position_is_known_after_a_restart(desk: Desk) -> None:
    desk.exchange.book(bids=20, asks=20)
    desk.post_book(bids=80, asks=20)
    desk.evaluate()
    desk.bob_takes(Side.ASK, "0.030")
    reconcile(desk, later_s=0)
    Order.objects.filter(status="TriggerPending").delete()
    Position.objects.update(state="unprotected", covered_quantity=0)

    reconcile(desk, later_s=0)

    assert Position.objects.get().state == "protected"
