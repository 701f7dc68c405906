"""Exit reasons: what makes a bot leave, what does not, and what a closed position says of it."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from tests.kit.desk import Desk
from tests.kit.exchange import MID, SYMBOL
from tests.kit.scenes import enter_protected, enter_unseen, let_stop_fire, post_levels
from tests.kit.steps import step_until
from trading.board.snapshots import Mark, publish
from trading.execution.accounts_worker import AccountsWorker
from trading.execution.exits import exit_position
from trading.models import OrderIntent, Position

D = Decimal
BEYOND_THE_STOP = D(MID - 4_000)
LONGER_THAN_THE_GRACE_NS = 1_200_000_000


@pytest.mark.parametrize(("mark_age_s", "leaves"), [(60, False), (0, True)])
def test_only_a_fresh_mark_beyond_the_stop_is_a_reason_to_leave(
    desk: Desk, worker: AccountsWorker, mark_age_s: int, leaves: bool
) -> None:
    """A mark that stands still says nothing."""
    enter_protected(desk, worker)
    desk.post_book(bids=50, asks=50)
    marked_ns = time.time_ns() - mark_age_s * 1_000_000_000
    mark = Mark(BEYOND_THE_STOP, BEYOND_THE_STOP, None, None, marked_ns // 1_000, marked_ns)
    publish(desk.redis, symbol=SYMBOL, mark=mark, keys=desk.keys)
    desk.evaluate()
    desk.evaluator.clock_ns = lambda: time.time_ns() + LONGER_THAN_THE_GRACE_NS
    publish(desk.redis, symbol=SYMBOL, alive_ns=desk.evaluator.clock_ns(), keys=desk.keys)
    desk.evaluate()

    assert OrderIntent.objects.filter(account=desk.alice, purpose="exit").exists() is leaves


def test_a_book_without_one_side_keeps_nobody_from_leaving(desk: Desk, worker: AccountsWorker) -> None:
    enter_protected(desk, worker)
    desk.bot_of(desk.bob)

    post_levels(desk, bids=(), asks=((MID + 1, 90),))
    desk.evaluate()

    assert OrderIntent.objects.filter(account=desk.alice, purpose="exit").exists()


def test_a_position_that_its_stop_has_closed_says_so_whoever_found_it(desk: Desk) -> None:
    enter_unseen(desk)
    desk.reconcile()
    let_stop_fire(desk)
    desk.reconcile()

    assert (desk.position().state, desk.position().exit_reason) == ("closed", "stop")


def test_a_position_that_its_stop_has_closed_does_not_name_an_exit_that_was_refused(
    desk: Desk, worker: AccountsWorker
) -> None:
    position = enter_protected(desk, worker)
    Position.objects.filter(id=position.pk).update(quantity=D("0.0105"))
    exit_position(position.pk, reason="obi_reversed", exchange=desk.rest, now=desk.now())
    Position.objects.filter(id=position.pk).update(quantity=D("0.010"))

    let_stop_fire(desk)
    step_until(worker, lambda: desk.position().state == "closed")

    assert desk.position().exit_reason == "stop"
