"""Entry stops: what keeps a bot from entering, and what ends an entry that nobody looks after."""

from __future__ import annotations

from datetime import timedelta

from accounts.models import ExchangeAccount
from tests.kit.desk import Desk
from tests.kit.outages import unreachable_exchange
from tests.kit.scenes import by_hand, enter_protected, rest_entry
from tests.kit.steps import look_up_now, step_until, step_until_connected
from trading.core.units import Side
from trading.execution.accounts_worker import AccountsWorker
from trading.execution.reconciliation import Reconciler
from trading.models import Bot, Order, OrderIntent, Position


def test_entries_stay_stopped_while_the_private_stream_is_down(desk: Desk, worker: AccountsWorker) -> None:
    desk.line.cut()
    step_until(worker, lambda: desk.alice_row().is_unwatched)

    look_up_now(worker)

    desk.post_book(bids=80, asks=20)
    assert desk.evaluate() == 0


def test_no_entries_before_the_first_reconciliation_has_succeeded(desk: Desk, new_worker: AccountsWorker) -> None:
    with unreachable_exchange(desk.signer) as nowhere:
        new_worker.reconciler = Reconciler(exchange=nowhere, window_ms=2_000, speed=1.0)
        step_until_connected(new_worker)

    desk.post_book(bids=80, asks=20)

    assert desk.evaluate() == 0


def test_a_stop_reason_of_somebody_else_survives_a_reconciliation(desk: Desk) -> None:
    ExchangeAccount.objects.filter(id=desk.alice.pk).update(entries_stopped_reason="daily loss reached")

    desk.reconcile()

    assert desk.alice_row().entries_stopped_reason == "daily loss reached"


def test_a_bot_does_not_enter_against_a_position_that_is_not_its_own(desk: Desk, worker: AccountsWorker) -> None:
    by_hand(desk, Side.BID, "0.005")
    step_until(worker, lambda: Position.objects.filter(account=desk.alice).exists())

    desk.post_book(bids=20, asks=80)
    assert desk.evaluate() == 0


def test_a_new_bot_does_not_enter_over_the_position_of_a_stopped_one(desk: Desk, worker: AccountsWorker) -> None:
    position = enter_protected(desk, worker)
    Bot.objects.filter(id=position.bot_id).update(status="stopped")
    newcomer = desk.bot_of(desk.alice)

    desk.post_book(bids=20, asks=50)
    desk.evaluate()

    assert not OrderIntent.objects.filter(bot=newcomer).exists()


def test_an_entry_does_not_rest_on_when_nobody_evaluates_any_more(desk: Desk, worker: AccountsWorker) -> None:
    rest_entry(desk)
    step_until(worker, lambda: Order.objects.filter(account=desk.alice, status="New").exists())
    Order.objects.update(created_at=desk.now() - timedelta(seconds=60), placed_us=1)
    OrderIntent.objects.update(created_at=desk.now() - timedelta(seconds=60))

    step_until(worker, lambda: desk.rest.open_orders(desk.credentials) == [], patience_s=3.0)
