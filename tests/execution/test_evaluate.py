"""Evaluate: from the book on the board to one order per bot at the exchange."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.kit.desk import Desk
from tests.kit.exchange import MID
from tests.kit.steps import wait_until
from trading.board.snapshots import Flaw, Source
from trading.models import Bot, Decision, DecisionTally, OrderIntent

D = Decimal


def test_an_imbalance_becomes_one_resting_entry_with_its_stop_inside(desk: Desk) -> None:
    desk.exchange.book(bids=80, asks=20)
    desk.post_book(bids=80, asks=20)

    sent = desk.evaluate()

    [order] = desk.exchange.ledger(desk.alice.api_key)["orders"]
    assert sent == 1
    assert (order["side"], order["price"], order["quantity"], order["postOnly"]) == ("Bid", "99999.9", "0.01", True)
    assert order["stopLossTriggerPrice"] == "99700"  # 0.30 % below, rounded towards the entry
    assert order["stopLossTriggerBy"] == "MarkPrice"


def test_the_intent_is_stored_with_the_book_behind_it_and_the_moment_it_left(desk: Desk) -> None:
    desk.post_book(bids=80, asks=20)

    desk.evaluate()

    intent = OrderIntent.objects.get()
    assert (intent.state, intent.purpose, intent.client_id) == ("acknowledged", "entry", 1)
    assert intent.sent_ns is not None
    assert intent.decision is not None
    assert intent.decision.book_sequence == desk.sequence
    assert intent.decision.obi == pytest.approx(0.6)
    assert intent.order.client_id == 1


def test_delivering_an_evaluation_twice_sends_one_order(desk: Desk) -> None:
    desk.post_book(bids=80, asks=20)

    desk.evaluate()
    desk.evaluate()

    assert len(desk.exchange.ledger(desk.alice.api_key)["orders"]) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"flaw": Flaw.GAPPED}, "book_not_proven"),
        ({"flaw": Flaw.CROSSED}, "book_not_proven"),
        ({"source": Source.POLLED, "flaw": Flaw.UNCHAINED, "received_ns": 1}, "book_polled"),
    ],
)
def test_no_order_leaves_on_a_book_that_is_not_proven(desk: Desk, changes: dict[str, object], reason: str) -> None:
    desk.post_book(bids=80, asks=20, **changes)

    desk.evaluate()

    assert Decision.objects.get().reason == reason
    assert desk.exchange.ledger(desk.alice.api_key)["orders"] == []


def test_no_order_leaves_on_a_book_whose_connection_has_been_silent_too_long(desk: Desk) -> None:
    desk.post_book(bids=80, asks=20)
    desk.redis.set(desk.keys.alive(desk.market.symbol), 1)

    desk.evaluate()

    assert Decision.objects.get().reason == "book_stale"
    assert OrderIntent.objects.count() == 0


def test_no_entry_while_nobody_watches_the_fills(desk: Desk) -> None:
    desk.post_book(bids=80, asks=20)
    desk.redis.delete(f"{desk.keys.prefix}:accounts:0")

    desk.evaluate()

    assert Decision.objects.get().reason == "entries_stopped"
    assert OrderIntent.objects.count() == 0


def test_an_entry_that_would_cross_is_rejected_and_tried_again_only_so_often(desk: Desk) -> None:
    desk.exchange.book(bids=100, asks=100, mid=MID - 100)  # the exchange has moved: our bid is above its asks
    for _ in range(5):
        desk.post_book(bids=80, asks=20)
        desk.evaluate()
    Bot.objects.update(cool_down_ms=60_000)
    desk.post_book(bids=80, asks=20)
    desk.evaluate()

    assert set(OrderIntent.objects.values_list("state", flat=True)) == {"rejected"}
    assert Decision.objects.latest("id").reason == "repriced_often_enough"
    assert desk.exchange.ledger(desk.alice.api_key)["orders"] == []


def test_a_signal_that_has_gone_cancels_the_entry_at_the_exchange(desk: Desk) -> None:
    desk.post_book(bids=80, asks=20)
    desk.evaluate()

    desk.post_book(bids=30, asks=70)
    desk.evaluate()

    wait_until(lambda: desk.exchange.ledger(desk.alice.api_key)["orders"][0]["status"] == "Cancelled")


def test_two_customers_on_one_signal_trade_each_with_their_own_account(desk: Desk) -> None:
    desk.bot_of(desk.bob)
    desk.post_book(bids=80, asks=20)

    desk.evaluate()

    assert len(desk.exchange.ledger(desk.alice.api_key)["orders"]) == 1
    assert len(desk.exchange.ledger(desk.bob.api_key)["orders"]) == 1
    assert {(one.customer_id, one.account_id) for one in OrderIntent.objects.all()} == {
        (desk.alice.customer_id, desk.alice.pk),
        (desk.bob.customer_id, desk.bob.pk),
    }


def test_evaluations_that_change_nothing_are_counted_and_not_stored_as_rows(desk: Desk) -> None:
    for _ in range(3):
        desk.post_book(bids=50, asks=50)
        desk.evaluate()
    desk.evaluator.tallies.flush()

    assert Decision.objects.count() == 1
    assert DecisionTally.objects.get().count == 3
