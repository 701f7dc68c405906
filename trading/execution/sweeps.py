"""Sweeps: what must not depend on a message having arrived: naked positions and leftovers of closed ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef

from trading.core.orders import IntentState, Purpose
from trading.core.position import ProtectionState
from trading.models import Order, OrderIntent, Position

# all in wall time
LEFTOVER_AFTER = timedelta(seconds=1)  # the exchange ends most of them by itself when the position closes
EXIT_PATIENCE = timedelta(milliseconds=500)
ANSWER_PATIENCE = timedelta(seconds=1)


def naked_positions(account_ids: Iterable[int], *, now: datetime) -> list[int]:
    """Return the open positions with a stop price of ours that confirmed stops do not cover.

    One whose closing order has just been sent is left out; where that order shows no effect, it counts as naked again.
    """
    fresh_exit = OrderIntent.objects.filter(
        position=OuterRef("pk"), purpose=Purpose.EXIT.value, is_live=True, created_at__gt=now - EXIT_PATIENCE
    )
    return list(
        Position.objects.filter(account__in=account_ids, stop_price__isnull=False, quantity__gt=F("covered_quantity"))
        .exclude(state=ProtectionState.CLOSED.value)
        .exclude(Exists(fresh_exit))
        .order_by("naked_since_ns")
        .values_list("id", flat=True)
    )


def accounts_with_questions(account_ids: Iterable[int], *, now: datetime) -> list[int]:
    """Return the accounts that have sent an order a while ago and do not know what became of it."""
    return list(
        OrderIntent.objects.filter(
            account__in=account_ids,
            state__in=(IntentState.SENDING.value, IntentState.UNKNOWN.value),
            claimed_at__lt=now - ANSWER_PATIENCE,
        )
        .values_list("account", flat=True)
        .distinct()
    )


def leftover_orders(account_ids: Iterable[int], *, now: datetime) -> list[int]:
    """Return stops and take-profits that still rest although their position has been flat for a while.

    Where the account has a new position in the market they are left alone: they may be what covers it.
    """
    reopened = Position.objects.filter(account=OuterRef("account"), market=OuterRef("market")).exclude(
        state=ProtectionState.CLOSED.value
    )
    return list(
        Order.objects.filter(
            account__in=account_ids,
            status__in=("New", "PartiallyFilled", "TriggerPending"),
            position__state=ProtectionState.CLOSED.value,
            created_at__lt=now - LEFTOVER_AFTER,
        )
        .exclude(side=F("position__side"))
        .exclude(Exists(reopened))
        .values_list("id", flat=True)
    )
