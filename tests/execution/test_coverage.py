"""Coverage: which stops count, for how much, and that what is gone counts for nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.kit.desk import Desk
from tests.kit.scenes import (
    at_exchange,
    by_hand,
    cancel_stop,
    enter,
    enter_protected,
    enter_unseen,
    fill_history_page,
    stops,
)
from tests.kit.steps import step_until
from trading.core.units import Side
from trading.execution.accounts_worker import AccountsWorker

D = Decimal


@pytest.mark.parametrize("trigger", ["101000", "50000"])
def test_only_a_trigger_at_the_positions_stop_counts_as_its_stop(
    desk: Desk, worker: AccountsWorker, trigger: str
) -> None:
    """A take-profit trigger, or a trigger far below, is no stop."""
    desk.exchange.settings(attached_stops="none")
    position = enter(desk, worker)
    by_hand(
        desk,
        Side.ASK,
        None,
        reduce_only=True,
        trigger_price=D(trigger),
        trigger_quantity=D("0.010"),
        trigger_by="MarkPrice",
    )
    step_until(worker, lambda: bool(stops(desk)))

    assert desk.protector.protect(position.pk) == "stop_placed"


def test_a_stop_that_has_vanished_counts_for_nothing_even_where_the_history_is_too_long(desk: Desk) -> None:
    enter_unseen(desk)
    desk.reconcile()
    cancel_stop(desk)
    fill_history_page(desk)

    desk.reconcile()
    desk.reconcile()

    assert at_exchange(desk) == (D("0.010"), D(0))
    assert desk.position().covered_quantity == 0


def test_a_stop_that_has_grown_while_nobody_listened_counts_as_it_is(desk: Desk, worker: AccountsWorker) -> None:
    desk.exchange.settings(attached_stops="grow")
    enter_protected(desk, worker, takes="0.024")
    desk.line.cut()
    desk.bob_takes(Side.ASK, "0.006")  # the rest fills, and its stop grows
    desk.reconcile()

    assert (desk.position().quantity, desk.position().covered_quantity) == at_exchange(desk)
