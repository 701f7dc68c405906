"""Leftovers: what a closed position has left behind is cancelled, and nothing else is."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.kit.desk import Desk
from tests.kit.scenes import BY_HAND, at_exchange, by_hand, enter_protected, leave
from tests.kit.steps import AtOnce, show_only, step_until, take_until_shown
from trading.core.units import Side
from trading.execution.accounts_worker import AccountsWorker
from trading.models import Order

D = Decimal


def test_an_order_placed_by_hand_is_not_cancelled_as_a_leftover(desk: Desk, worker: AccountsWorker) -> None:
    enter_protected(desk, worker)
    by_hand(desk, Side.ASK, "0.002", order_type="Limit", price=D("105000"))
    step_until(worker, lambda: Order.objects.filter(client_id=BY_HAND).exists())
    leave(desk, worker)

    tidy_now(desk, worker)

    assert not Order.objects.filter(client_id=BY_HAND, cancel_sent_at__isnull=False).exists()
    assert [one.client_id for one in desk.rest.open_orders(desk.credentials)] == [BY_HAND]


def test_a_stop_is_not_a_leftover_while_the_exchange_still_has_a_position(desk: Desk, worker: AccountsWorker) -> None:
    """One fill was lost on the way; our rows are flat, the exchange's position is not."""
    enter_protected(desk, worker, takes="0.024")
    desk.bob_takes(Side.ASK, "0.006")
    take_until_shown(worker, e="orderFill", z="0.010")
    leave(desk, worker)
    held, stops = at_exchange(desk)
    assert held == D("0.006")
    assert stops >= held

    tidy_now(desk, worker)

    held, stops = at_exchange(desk)
    assert not Order.objects.filter(cancel_sent_at__isnull=False).exists()
    assert stops >= held


def tidy_now(desk: Desk, worker: AccountsWorker) -> None:
    """Have the worker look for leftovers among orders that are old enough, and be done with it."""
    Order.objects.update(created_at=desk.now() - timedelta(seconds=5))
    worker.look_ups.executor = AtOnce()
    worker.next_at["leftovers"] = 0.0
    show_only(worker, [])
