"""Figures: what the demo's view shows, read from rows and from the feed's snapshots."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, F, Max
from redis import Redis

from trading.board.errors import SnapshotMissing
from trading.board.keys import Keys
from trading.board.snapshots import book_age_ms, load
from trading.core.errors import EmptyBook
from trading.core.obi import book_imbalance
from trading.core.position import ProtectionState
from trading.models import Decision, Market, OrderIntent, Position
from trading.selectors import longest_gap_ms

LAST_LATENCIES = 200
SHOWN_POSITIONS, SHOWN_DECISIONS = 15, 8


class MarketLine(NamedTuple):
    """A market as the view shows it; None is "not known"."""

    symbol: str
    bid: str
    ask: str
    obi: float | None
    age_ms: float | None


class Figures(NamedTuple):
    """Everything on one screen."""

    markets: list[MarketLine]
    orders: dict[str, int]
    positions: list[Position]
    positions_open: int
    decisions: list[Decision]
    round_trips: int
    naked_max_ms: float | None
    tick_to_order_p50_ms: float | None


def read_figures(symbols: Sequence[str], *, redis: Redis, keys: Keys) -> Figures:
    """Return the newest figures."""
    markets = {market.symbol: market for market in Market.objects.filter(symbol__in=symbols)}
    open_positions = Position.objects.exclude(state=ProtectionState.CLOSED.value)
    protected = Position.objects.exclude(stop_price=None)
    naked_us = protected.aggregate(longest=Max("naked_max_us"))["longest"]
    running_ms = [longest_gap_ms(one) for one in protected.filter(naked_since_ns__isnull=False)]
    by_state = OrderIntent.objects.values_list("state").annotate(count=Count("id")).order_by("state")
    return Figures(
        markets=[_market_line(markets[symbol], redis, keys) for symbol in symbols if symbol in markets],
        orders=dict(by_state),
        positions_open=open_positions.count(),
        positions=list(open_positions.select_related("customer", "market").order_by("-id")[:SHOWN_POSITIONS]),
        decisions=list(Decision.objects.select_related("bot__customer", "market").order_by("-id")[:SHOWN_DECISIONS]),
        round_trips=Position.objects.filter(state=ProtectionState.CLOSED.value).count(),
        naked_max_ms=None if naked_us is None else max(naked_us / 1_000, *running_ms, 0.0),
        tick_to_order_p50_ms=_newest_latency(),
    )


def _market_line(market: Market, redis: Redis, keys: Keys) -> MarketLine:
    state = load(redis, market.symbol, keys=keys)
    if state.snapshot is None:
        return MarketLine(market.symbol, "–", "–", None, None)
    view = state.snapshot.view
    try:
        obi = book_imbalance(view)
        bid, ask = (f"{market.grid.price(level[0]).normalize():f}" for level in (view.best_bid, view.best_ask))
    except EmptyBook:
        return MarketLine(market.symbol, "–", "–", None, None)
    try:
        age_ms = book_age_ms(state, now_ns=time.time_ns(), speed=settings.MARKET_SPEED)
    except SnapshotMissing:
        age_ms = None
    return MarketLine(market.symbol, bid, ask, obi, age_ms)


def _newest_latency() -> float | None:
    """Return the median of the newest orders that a book update has caused."""
    rows = OrderIntent.objects.exclude(sent_ns=None).exclude(book_received_ns=None).order_by("-id")
    latencies = rows.annotate(latency_ns=F("sent_ns") - F("book_received_ns")).values_list("latency_ns", flat=True)
    newest = sorted(latencies[:LAST_LATENCIES])
    return newest[len(newest) // 2] / 1e6 if newest else None
