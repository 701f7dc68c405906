"""Scalp: join the heavier side as a maker, take a short profit, leave when the imbalance turns."""

from __future__ import annotations

from typing import NamedTuple

from trading.core.entries import away_from, beyond, entry_price
from trading.core.errors import EmptyBook
from trading.core.obi import book_imbalance
from trading.core.strategies.actions import (
    Action,
    BotView,
    CancelEntry,
    ExitPosition,
    MarketView,
    OpenPosition,
    PlaceEntry,
    PlaceTakeProfit,
    RestingEntry,
    Verdict,
)
from trading.core.units import Side


class ScalpParams(NamedTuple):
    """Limits of the mode.

    Units: ratios in [-1, 1]; distances in hundredths of a percent of price; durations in milliseconds of market time.
    """

    depth: int = 20
    trigger_ratio: float = 0.40
    reversal_ratio: float = 0.50
    stop_loss_bps: float = 30.0
    take_profit_bps: float = 10.0
    entry_ttl_ms: int = 8_000
    cool_down_ms: int = 2_000
    stop_grace_ms: int = 1_000  # how long the mark may stand beyond the stop before we close by ourselves
    max_rejections: int = 3


def decide(params: ScalpParams, market: MarketView, bot: BotView) -> Verdict:
    """Return what a scalping bot does now.

    A book that is not proven or too old serves nothing but the cancelling of entries and the guard of the stop;
    a polled book serves exits too.
    """
    if bot.position is not None:
        return _manage(params, market, bot, bot.position)
    refusal = _book_refusal(market, for_entry=True)
    if refusal:
        return Verdict(False, refusal, None, _cancel(bot.entry))
    try:
        obi = book_imbalance(market.book, params.depth)
    except EmptyBook:
        return Verdict(False, "book_empty", None, _cancel(bot.entry))
    if bot.entry is not None:
        return _keep_or_cancel(params, market, bot.entry, obi, entries_allowed=bot.entries_allowed)
    refusal = _entry_refusal(params, market, bot, obi)
    if refusal:
        return Verdict(False, refusal, obi)
    return Verdict(True, "obi_beyond_trigger", obi, (_entry(params, market, bot.order_lots or 0, obi),))


def _manage(params: ScalpParams, market: MarketView, bot: BotView, position: OpenPosition) -> Verdict:
    if position.is_exiting:
        return Verdict(None, "exiting", None, _cancel(bot.entry))
    if _stop_not_honoured(params, market, position):
        return _leave(bot, position, "stop_not_honoured", None)
    if _book_refusal(market, for_entry=False):
        return Verdict(None, "position_kept_without_book", None, _cancel(bot.entry))
    try:
        obi = book_imbalance(market.book, params.depth)
    except EmptyBook:
        return Verdict(None, "position_kept_without_book", None, _cancel(bot.entry))
    if obi * position.side.sign < -params.reversal_ratio:
        return _leave(bot, position, "obi_reversed", obi)
    return Verdict(
        None, "position_kept", obi, _take_profit(params, market, position) + _stale_entry(params, market, bot)
    )


def _leave(bot: BotView, position: OpenPosition, reason: str, obi: float | None) -> Verdict:
    actions: tuple[Action, ...] = (*_cancel(bot.entry), ExitPosition(position.position_id, reason))
    return Verdict(None, reason, obi, actions)


def _stop_not_honoured(params: ScalpParams, market: MarketView, position: OpenPosition) -> bool:
    since_us = position.mark_beyond_stop_since_us
    return since_us is not None and market.now_us - since_us > params.stop_grace_ms * 1_000


def _take_profit(params: ScalpParams, market: MarketView, position: OpenPosition) -> tuple[Action, ...]:
    missing = position.lots - position.take_profit_lots
    if missing <= 0 or not (market.book.bids and market.book.asks):
        return ()
    target = beyond(position.side, round(position.entry_ticks), params.take_profit_bps)
    return (PlaceTakeProfit(position.position_id, position.side.opposite, _resting(market, position, target), missing),)


def _resting(market: MarketView, position: OpenPosition, target: int) -> int:
    """Return the target, or the nearest price that rests when the market has already gone beyond it."""
    if position.side is Side.BID:
        return max(target, market.book.best_bid[0] + 1)
    return min(target, market.book.best_ask[0] - 1)


def _keep_or_cancel(
    params: ScalpParams, market: MarketView, entry: RestingEntry, obi: float, *, entries_allowed: bool
) -> Verdict:
    if not entries_allowed:
        return Verdict(False, "entries_stopped", obi, _cancel(entry))
    # a signal that only fades keeps its place in the queue, which is all that a maker owns; one that turns is gone
    if obi * entry.side.sign < -params.trigger_ratio / 2:
        return Verdict(False, "signal_gone", obi, _cancel(entry))
    if _is_past_its_time(params, market, entry):
        return Verdict(False, "entry_timed_out", obi, _cancel(entry))
    return Verdict(None, "entry_resting", obi)


def _stale_entry(params: ScalpParams, market: MarketView, bot: BotView) -> tuple[Action, ...]:
    """Cancel the unfilled rest of an entry whose time is over, while the filled part is a position."""
    if bot.entry is None or not _is_past_its_time(params, market, bot.entry):
        return ()
    return _cancel(bot.entry)


def _is_past_its_time(params: ScalpParams, market: MarketView, entry: RestingEntry) -> bool:
    return market.now_us - entry.placed_us > params.entry_ttl_ms * 1_000


def _entry_refusal(params: ScalpParams, market: MarketView, bot: BotView, obi: float) -> str:
    if not bot.entries_allowed:
        return "entries_stopped"
    if bot.entry_in_flight:
        return "entry_in_flight"
    if bot.order_lots is None:
        return "order_below_minimum"
    if not (market.book.bids and market.book.asks):
        return "book_one_sided"
    if abs(obi) <= params.trigger_ratio:
        return "obi_within_trigger"
    if _is_cooling_down(params, market, bot.last_closed_us):
        return "cooling_down"
    if bot.entry_rejections >= params.max_rejections and _is_cooling_down(params, market, bot.last_entry_us):
        return "repriced_often_enough"
    return ""


def _is_cooling_down(params: ScalpParams, market: MarketView, since_us: int | None) -> bool:
    return since_us is not None and market.now_us - since_us < params.cool_down_ms * 1_000


def _entry(params: ScalpParams, market: MarketView, lots: int, obi: float) -> PlaceEntry:
    side = Side.BID if obi > 0 else Side.ASK
    price = entry_price(side, best_bid=market.book.best_bid[0], best_ask=market.book.best_ask[0])
    return PlaceEntry(side, price, lots, away_from(side, price, params.stop_loss_bps))


def _book_refusal(market: MarketView, *, for_entry: bool) -> str:
    if not market.book_is_proven:
        return "book_not_proven"
    if for_entry and not market.book_is_live:
        return "book_polled"
    if market.age_ms > market.max_age_ms:
        return "book_stale"
    return ""


def _cancel(entry: RestingEntry | None) -> tuple[Action, ...]:
    return () if entry is None else (CancelEntry(entry.order_id),)
