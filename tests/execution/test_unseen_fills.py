"""Unseen fills: what no stream has shown is asked for, soon, and until an answer has come."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.kit.desk import BUDGET_MS, Desk
from tests.kit.outages import unreachable_exchange
from tests.kit.scenes import at_exchange, by_hand, enter_unseen, fill_history_page, rest_entry
from tests.kit.steps import look_up_now, step_until, step_until_connected
from trading.core.units import Side
from trading.execution.accounts_worker import AccountsWorker
from trading.execution.reconciliation import Reconciler
from trading.models import Fill, Order, OrderIntent, Position


def cut(desk: Desk, worker: AccountsWorker) -> None:
    """End the private streams; every attempt to open them says anew that they are down."""
    desk.line.cut()


def cut_and_answered_before_the_fill(desk: Desk, worker: AccountsWorker) -> None:
    """End the private streams and have what that asks answered; to open them hangs."""
    desk.line.cut(refuses_after_s=5.0)
    step_until(worker, lambda: not worker.connected)
    look_up_now(worker)


def silenced(desk: Desk, worker: AccountsWorker) -> None:
    """Leave the private streams half open."""
    desk.line.silence()


@pytest.mark.parametrize("fail", [cut, cut_and_answered_before_the_fill, silenced])
def test_a_fill_that_no_stream_shows_is_protected_within_the_budget(
    desk: Desk, worker: AccountsWorker, fail: Callable[[Desk, AccountsWorker], None]
) -> None:
    desk.exchange.settings(attached_stops="none")
    worker.protect_later = desk.protector.protect
    rest_entry(desk)
    step_until(worker, lambda: Order.objects.filter(account=desk.alice, status="New").exists())
    fail(desk, worker)
    desk.bob_takes(Side.ASK, "0.030")

    protected = Position.objects.filter(account=desk.alice, state="protected")
    step_until(worker, protected.exists, patience_s=BUDGET_MS / 1_000 + 1.0)

    held, stops = at_exchange(desk)
    assert stops >= held > 0


def test_a_fill_missed_before_a_failed_reconciliation_is_found_by_the_next(
    desk: Desk, new_worker: AccountsWorker
) -> None:
    desk.exchange.settings(attached_stops="none")
    enter_unseen(desk)
    desk.exchange.pass_time(120)
    with unreachable_exchange(desk.signer) as nowhere:
        new_worker.reconciler = Reconciler(exchange=nowhere, window_ms=2_000, speed=1.0)
        step_until_connected(new_worker)  # its reconciliation has failed
        by_hand(desk, Side.BID, "0.001")
        step_until(new_worker, lambda: Fill.objects.filter(account=desk.alice).exists())
    for _ in range(3):
        desk.reconcile()

    assert desk.position().quantity == at_exchange(desk).quantity


def test_a_failed_reconciliation_is_repeated_soon(desk: Desk, new_worker: AccountsWorker) -> None:
    desk.exchange.settings(attached_stops="none")
    enter_unseen(desk)
    good = new_worker.reconciler
    with unreachable_exchange(desk.signer) as nowhere:
        new_worker.reconciler = Reconciler(exchange=nowhere, window_ms=2_000, speed=1.0)
        step_until_connected(new_worker)
    new_worker.reconciler = good

    OrderIntent.objects.update(state="acknowledged")  # so that no question is open but the one about the account

    step_until(new_worker, lambda: Position.objects.filter(account=desk.alice).exists(), patience_s=3.0)


def test_a_fill_is_found_even_where_the_history_is_too_long(desk: Desk) -> None:
    enter_unseen(desk)
    fill_history_page(desk)

    desk.reconcile()

    assert Position.objects.filter(account=desk.alice).exists()
