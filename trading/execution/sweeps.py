"""Sweeps: what must not depend on a message having arrived: naked positions, open questions, forgotten orders."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q

from accounts.models import ExchangeAccount
from trading.core.orders import IntentState, Purpose
from trading.core.position import ProtectionState
from trading.models import Order, OrderIntent, Position
from trading.models.order import ENDED, OPEN

# all in wall time
LEFTOVER_AFTER = timedelta(seconds=1)  # the exchange ends most of them by itself when the position closes
EXIT_PATIENCE = timedelta(milliseconds=500)
ANSWER_PATIENCE = timedelta(seconds=1)
ENTRY_MARGIN = timedelta(seconds=2)  # beyond an entry's time to live: whoever evaluates has cancelled it by then


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


def accounts_with_questions(account_ids: Iterable[int], *, now: datetime) -> set[int]:
    """Return the accounts that have sent an order a while ago and do not know what became of it, or of its fills."""
    a_while_ago = now - ANSWER_PATIENCE
    unanswered = Q(state__in=(IntentState.SENDING.value, IntentState.UNKNOWN.value), claimed_at__lt=a_while_ago)
    unclaimed = Q(state=IntentState.PENDING.value, created_at__lt=a_while_ago)
    unfinished = Q(is_live=True, order__status__in=ENDED, created_at__lt=a_while_ago)
    questions = OrderIntent.objects.filter(unanswered | unclaimed | unfinished, account__in=account_ids)
    return set(questions.values_list("account", flat=True))


def accounts_that_differ(account_ids: Iterable[int]) -> set[int]:
    """Return the accounts whose position differs from the exchange's: the history may only lag."""
    differing = ExchangeAccount.objects.filter(id__in=account_ids).exclude(position_difference="")
    return set(differing.values_list("id", flat=True))


def accounts_at_risk(account_ids: Collection[int]) -> set[int]:
    """Return the accounts that hold a position, or have an order that could make one."""
    positions = Position.objects.filter(account__in=account_ids).exclude(state=ProtectionState.CLOSED.value)
    intents = OrderIntent.objects.filter(account__in=account_ids, is_live=True)
    return {*positions.values_list("account", flat=True), *intents.values_list("account", flat=True)}


def forgotten_entries(
    account_ids: Iterable[int], *, unwatched: Collection[int], now: datetime, speed: float
) -> list[int]:
    """Return resting entries that nobody looks after: past their time to live, or of an account nobody watches.

    A time to live counts in market time, which runs `speed` times as fast as ours.
    """
    entries = Order.objects.filter(
        account__in=account_ids, status__in=OPEN, intent__purpose=Purpose.ENTRY.value, intent__bot__isnull=False
    )
    latest = {
        order_id: created_at + timedelta(milliseconds=ttl_ms / speed) + ENTRY_MARGIN
        for order_id, created_at, ttl_ms in entries.values_list("id", "created_at", "intent__bot__entry_ttl_ms")
    }
    overdue = {order_id for order_id, at in latest.items() if at < now}
    return sorted(overdue | set(entries.filter(account__in=unwatched).values_list("id", flat=True)))


def leftover_orders(account_ids: Iterable[int], *, now: datetime) -> list[int]:
    """Return stops and take-profits of ours that still rest although their position has been flat for a while.

    Where the account has a new position in the market they are left alone: they may be what covers it. What a customer
    has placed by hand is the customer's.
    """
    reopened = Position.objects.filter(account=OuterRef("account"), market=OuterRef("market")).exclude(
        state=ProtectionState.CLOSED.value
    )
    ours = Q(intent__isnull=False) | (Q(reduce_only=True) & ~Q(related_exchange_id=""))
    return list(
        Order.objects.filter(
            ours,
            account__in=account_ids,
            status__in=OPEN,
            position__state=ProtectionState.CLOSED.value,
            created_at__lt=now - LEFTOVER_AFTER,
        )
        .exclude(side=F("position__side"))
        .exclude(Exists(reopened))
        .values_list("id", flat=True)
    )
