"""Restarts: starting is recovering, whatever the process before was killed at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.models import ExchangeAccount
from tests.kit.desk import Desk
from tests.kit.outages import Altered
from tests.kit.scenes import cancel_stop, enter_protected, enter_unseen
from tests.kit.steps import step_until
from trading.core.orders import Purpose
from trading.execution import drafts
from trading.execution.accounts_worker import AccountsWorker
from trading.execution.exits import exit_position
from trading.execution.intents import store
from trading.execution.position_states import exit_sent
from trading.models import OrderIntent, Position


class Killed(BaseException):
    """The process ends here."""


def killed_before_claiming(desk: Desk, position: Position) -> None:
    """Store an exit as `exit_position` does, and nothing more."""
    intent = drafts.closing(position, purpose=Purpose.EXIT, quantity=position.quantity)
    intent.reason = "first"
    exit_sent([intent])
    store([intent])


def killed_before_sending(desk: Desk, position: Position) -> None:
    """Claim an exit and never send it."""

    def die(*_: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        exit_position(position.pk, reason="first", exchange=Altered(desk.rest, place_order=die), now=desk.now())


@pytest.mark.parametrize("die", [killed_before_claiming, killed_before_sending])
def test_an_exit_whose_sender_was_killed_is_settled_once_its_window_has_passed(
    desk: Desk, worker: AccountsWorker, die: Callable[[Desk, Position], None]
) -> None:
    """Killed between storing and sending, wherever: eight seconds later it must not bar another exit."""
    position = enter_protected(desk, worker)
    die(desk, position)
    long_ago = desk.now() - timedelta(seconds=8)
    first = OrderIntent.objects.filter(purpose="exit")
    first.update(created_at=long_ago)
    first.exclude(claimed_at=None).update(claimed_at=long_ago)

    step_until(worker, lambda: not first.get().is_live)

    assert exit_position(position.pk, reason="second", exchange=desk.rest, now=desk.now()) is not None


def test_a_deactivated_account_with_a_position_is_protected_after_a_restart(
    desk: Desk, new_worker: AccountsWorker
) -> None:
    enter_unseen(desk)
    desk.reconcile()
    ExchangeAccount.objects.filter(id=desk.alice.pk).update(is_active=False)
    step_until(new_worker, lambda: desk.alice.pk in new_worker.connected)
    assert desk.to_protect == []
    cancel_stop(desk)

    step_until(new_worker, lambda: desk.position().pk in desk.to_protect)
