"""Selectors: figures read from stored rows. A figure that a run does not have is None, never 0."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Count, DecimalField, ExpressionWrapper, F, QuerySet, Sum

from trading.core.orders import IntentState
from trading.core.position import ProtectionState
from trading.models import DecisionTally, EvaluationTally, Fill, Order, OrderIntent, Position

SAMPLES_FOR_P99 = 100
SAMPLES_FOR_P95 = 20

_AMOUNT = DecimalField(max_digits=40, decimal_places=18)


class Run(NamedTuple):
    """What a summary covers: the accounts of a run, and how many evaluations there had been before it."""

    accounts: Collection[int]
    evaluations_before: int


def evaluation_count() -> int:
    """Return how often markets have been evaluated since the database was made."""
    return EvaluationTally.objects.aggregate(total=Sum("count"))["total"] or 0


def run_summary(run: Run, *, seconds: float) -> dict[str, Any]:
    """Return what a run did, in the keys of the command contract.

    Results are those of closed round trips; net is after every fee paid, those of open positions too.
    """
    fills = Fill.objects.filter(account__in=run.accounts)
    positions = Position.objects.filter(account__in=run.accounts)
    intents = OrderIntent.objects.filter(account__in=run.accounts)
    closed = positions.filter(state=ProtectionState.CLOSED.value)
    still_open = positions.exclude(state=ProtectionState.CLOSED.value)
    gross = sum((position.holding.pnl_gross for position in closed), Decimal(0))
    fees = fills.aggregate(total=Sum("fee"))["total"] or Decimal(0)
    volume = _volume(fills)
    net = gross - fees
    return {
        "seconds": round(seconds, 3),
        "evaluations": evaluation_count() - run.evaluations_before,
        "decisions": _decisions(run),
        "orders": _orders(intents, run),
        "refusals": _refusals(intents),
        "fills": fills.count(),
        "round_trips": closed.count(),
        "positions_open": still_open.count(),
        "positions_unprotected": still_open.filter(quantity__gt=F("covered_quantity")).count(),
        "naked_ms": _naked_ms(positions),
        "tick_to_order_ms": distribution(_latencies(intents, "book_received_ns"), tails=(95, 99)),
        "trigger_to_order_ms": distribution(_latencies(intents, "oldest_received_ns"), tails=(95, 99)),
        "volume_usd": plain(volume),
        "fees_usd": plain(fees),
        "pnl_gross_usd": plain(gross),
        "pnl_net_usd": plain(net),
        "cost_per_million_usd": None if volume == 0 else plain(round(-net * 1_000_000 / volume, 2)),
        "exits_by_reason": _count_by(closed, "exit_reason"),
    }


def distribution(samples_ms: Sequence[float], *, tails: Sequence[int] = (99,)) -> dict[str, float | int | None]:
    """Return count, p50, the tails and the maximum. A tail is None where the samples are too few to know it."""
    needed = {95: SAMPLES_FOR_P95, 99: SAMPLES_FOR_P99}
    count = len(samples_ms)
    figures: dict[str, float | int | None] = {"count": count, "p50": _percentile(samples_ms, 50, needs=1)}
    for tail in tails:
        figures[f"p{tail}"] = _percentile(samples_ms, tail, needs=needed[tail])
    figures["max"] = round(max(samples_ms), 3) if count else None
    return figures


def plain(amount: Decimal) -> str:
    """Return an amount as text without exponent and trailing zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _percentile(samples: Sequence[float], percent: int, *, needs: int) -> float | None:
    if len(samples) < needs:
        return None
    return round(float(np.percentile(np.asarray(samples), percent)), 3)


def _decisions(run: Run) -> dict[str, Any]:
    tallies = DecisionTally.objects.filter(bot__account__in=run.accounts)
    rows = tallies.values_list("approved", "reason").annotate(total=Sum("count"))
    vetoes = {reason: total for approved, reason, total in rows if approved is False}
    return {
        "approved": sum(total for approved, _, total in rows if approved is True),
        "vetoed": sum(vetoes.values()),
        "vetoes_by_reason": dict(sorted(vetoes.items(), key=lambda item: -item[1])),
    }


def _orders(intents: QuerySet[OrderIntent], run: Run) -> dict[str, int]:
    by_state = _count_by(intents, "state")
    doubled = (
        Order.objects.filter(account__in=run.accounts, client_id__isnull=False, related_exchange_id="")
        .values("account", "client_id")
        .annotate(orders=Count("id"))
        .filter(orders__gt=1)
    )
    return {
        "sent": intents.exclude(sent_ns=None).count(),
        "acknowledged": by_state.get(IntentState.ACKNOWLEDGED.value, 0),
        "rejected": by_state.get(IntentState.REJECTED.value, 0),
        "unknown": by_state.get(IntentState.UNKNOWN.value, 0) + by_state.get(IntentState.SENDING.value, 0),
        "duplicates": doubled.count(),
    }


def _refusals(intents: QuerySet[OrderIntent]) -> dict[str, int]:
    """Count what the exchange has refused, by what it was for and the exchange's words."""
    rejected = intents.filter(state=IntentState.REJECTED.value).values_list("purpose", "refusal_message")
    counted = rejected.annotate(total=Count("id")).order_by("-total")
    return {f"{purpose}: {message}": total for purpose, message, total in counted}


def _naked_ms(positions: QuerySet[Position]) -> dict[str, float | int | None]:
    """Return the longest gap of each position of ours; a position made by hand has no stop to wait for."""
    return distribution([longest_gap_ms(position) for position in positions.exclude(stop_price=None)])


def longest_gap_ms(position: Position) -> float:
    """Return the longest time without a sufficient stop, the one that is still running included."""
    running_us = 0.0
    if position.naked_since_ns is not None and position.state != ProtectionState.CLOSED.value:
        running_us = (time.time_ns() - position.naked_since_ns) / 1_000
    return max(position.naked_max_us, running_us) / 1_000


def _latencies(intents: QuerySet[OrderIntent], start_column: str) -> list[float]:
    rows = intents.exclude(sent_ns=None).exclude(**{start_column: None})
    return [(sent - start) / 1e6 for sent, start in rows.values_list("sent_ns", start_column)]


def _volume(fills: QuerySet[Fill]) -> Decimal:
    notional = ExpressionWrapper(F("price") * F("quantity"), output_field=_AMOUNT)
    return fills.aggregate(total=Sum(notional))["total"] or Decimal(0)


def _count_by(rows: Any, column: str) -> dict[str, int]:
    return dict(rows.values_list(column).annotate(total=Count("id")).order_by("-total"))
