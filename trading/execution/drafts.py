"""Drafts: actions of a strategy as order intents, not stored yet."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from trading.core.orders import IntentState, Purpose
from trading.core.strategies.actions import ExitPosition, PlaceEntry, PlaceTakeProfit
from trading.core.units import Side
from trading.models import Bot, OrderIntent, Position


def entry(bot: Bot, action: PlaceEntry) -> OrderIntent:
    """Return a post-only entry with its stop inside."""
    grid = bot.market.grid
    intent = _draft(bot, Purpose.ENTRY, action.side, grid.quantity(action.lots))
    intent.order_type, intent.post_only = "Limit", True
    intent.price, intent.stop_loss_price = grid.price(action.price_ticks), grid.price(action.stop_ticks)
    return intent


def take_profit(bot: Bot, position: Position, action: PlaceTakeProfit) -> OrderIntent:
    """Return a post-only, reduce-only order in favour of the position."""
    grid = bot.market.grid
    intent = _draft(bot, Purpose.TAKE_PROFIT, action.side, grid.quantity(action.lots))
    intent.order_type, intent.post_only, intent.reduce_only = "Limit", True, True
    intent.price, intent.position = grid.price(action.price_ticks), position
    return intent


def exit_of(bot: Bot, position: Position, action: ExitPosition) -> OrderIntent:
    """Return a reduce-only market order over the whole position."""
    intent = closing(position, purpose=Purpose.EXIT, quantity=position.quantity)
    intent.account, intent.market, intent.bot = bot.account, bot.market, bot  # loaded already
    intent.reason = action.reason
    return intent


def closing(position: Position, *, purpose: Purpose, quantity: Decimal) -> OrderIntent:
    """Return a reduce-only market order against a position."""
    return OrderIntent(
        customer_id=position.customer_id,
        account_id=position.account_id,
        market_id=position.market_id,
        bot_id=position.bot_id,
        position=position,
        purpose=purpose.value,
        side=Side(position.side).opposite.value,
        order_type="Market",
        quantity=quantity,
        reduce_only=True,
    )


def claimed(intent: OrderIntent, *, now: datetime) -> OrderIntent:
    """Mark a draft as claimed by the process that stores it: nobody else can ever see it pending."""
    intent.state, intent.claimed_at = IntentState.SENDING.value, now
    return intent


def _draft(bot: Bot, purpose: Purpose, side: Side, quantity: Decimal) -> OrderIntent:
    return OrderIntent(
        customer_id=bot.customer_id,
        account=bot.account,
        market=bot.market,
        bot=bot,
        purpose=purpose.value,
        side=side.value,
        quantity=quantity,
    )
