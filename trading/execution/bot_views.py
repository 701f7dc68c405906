"""Bot views: a bot's rows as the values that strategies decide on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from trading.core.errors import TooSmall
from trading.core.orders import Purpose
from trading.core.position import ProtectionState
from trading.core.strategies.actions import BotView, OpenPosition, RestingEntry
from trading.core.units import Side
from trading.execution.shard_rows import BotRows
from trading.models import Bot, Market, Order, OrderIntent

CANCEL_PATIENCE = timedelta(seconds=2)  # wall time; then a cancel that showed no effect is sent again


def bot_view(rows: BotRows, *, now: datetime, beyond_stop_since: dict[int, int], fills_are_watched: bool) -> BotView:
    """Return what a strategy reads of a bot.

    `beyond_stop_since` says since when (exchange time, us) the mark stands beyond a position's stop; while nobody
    watches the fills, no entry is allowed.
    """
    by_purpose: dict[str, list[OrderIntent]] = defaultdict(list)
    for intent in rows.live_intents:
        by_purpose[intent.purpose].append(intent)
    entries = by_purpose[Purpose.ENTRY.value]
    resting = next((entry for entry in entries if _rests(entry, now)), None)
    market = rows.bot.market
    return BotView(
        entry=None if resting is None else _resting_entry(resting, market),
        entry_in_flight=bool(entries) and resting is None,
        position=_open_position(rows, by_purpose, beyond_stop_since),
        order_lots=_order_lots(rows.bot),
        entries_allowed=fills_are_watched and _entries_allowed(rows),
        last_closed_us=rows.bot.last_closed_us,
        last_entry_us=rows.bot.last_entry_us,
        entry_rejections=rows.bot.entry_rejections,
    )


def order_of(intent: OrderIntent) -> Order | None:
    """Return the order that an intent became, as far as we have seen it."""
    return intent.order if hasattr(intent, "order") else None


def _entries_allowed(rows: BotRows) -> bool:
    bot = rows.bot
    return bot.status == Bot.Status.LIVE and not rows.market_is_taken and not bot.account.entry_stops


def _order_lots(bot: Bot) -> int | None:
    try:
        return bot.market.grid.tradable_lots(bot.order_quantity)
    except TooSmall:
        return None


def _rests(intent: OrderIntent, now: datetime) -> bool:
    order = order_of(intent)
    if order is None or order.is_over:
        return False
    return order.cancel_sent_at is None or now - order.cancel_sent_at > CANCEL_PATIENCE


def _resting_entry(intent: OrderIntent, market: Market) -> RestingEntry:
    if intent.price is None:
        raise ValueError(f"entry {intent.pk} has no price")
    return RestingEntry(
        order_id=intent.order.pk,
        side=Side(intent.side),
        price_ticks=market.grid.ticks(intent.price),
        placed_us=intent.order.placed_us,
    )


def _open_position(
    rows: BotRows, by_purpose: dict[str, list[OrderIntent]], beyond_stop_since: dict[int, int]
) -> OpenPosition | None:
    position = rows.position
    if position is None or position.stop_price is None:
        return None
    grid = rows.bot.market.grid
    return OpenPosition(
        position_id=position.pk,
        side=Side(position.side),
        lots=grid.lots(position.quantity),
        entry_ticks=float(position.holding.entry_price / grid.tick_size),
        opened_us=position.opened_us,
        is_exiting=position.state == ProtectionState.EXITING.value or bool(by_purpose[Purpose.EXIT.value]),
        take_profit_lots=_unfilled_lots(by_purpose[Purpose.TAKE_PROFIT.value], rows.bot.market),
        mark_beyond_stop_since_us=beyond_stop_since.get(position.pk),
    )


def _unfilled_lots(intents: Sequence[OrderIntent], market: Market) -> int:
    lots = 0
    for intent in intents:
        order = order_of(intent)
        lots += market.grid.lots(intent.quantity if order is None else order.quantity - order.executed_quantity)
    return lots
