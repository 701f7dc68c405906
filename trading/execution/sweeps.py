"""Sweeps: what must not depend on a message having arrived: naked positions and leftovers of closed ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef

from trading.core.position import ProtectionState
from trading.models import Order, Position

LEFTOVER_AFTER = timedelta(seconds=1)  # the exchange ends most of them by itself when the position closes


def naked_positions(account_ids: Iterable[int]) -> list[int]:
    """Return the open positions with a stop price of ours that confirmed stops do not cover, and no exit under way."""
    return list(
        Position.objects.filter(
            account__in=account_ids,
            state=ProtectionState.UNPROTECTED.value,
            stop_price__isnull=False,
            quantity__gt=F("covered_quantity"),
        )
        .order_by("naked_since_ns")
        .values_list("id", flat=True)
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
