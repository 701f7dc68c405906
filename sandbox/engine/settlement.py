"""What a fill does: to the order, the position, the balances, and to the orders that hang on them."""

from __future__ import annotations

from typing import NamedTuple

from sandbox.engine import attached, protection, reduce_only
from sandbox.engine.accounts import Account
from sandbox.engine.events import Fill, OrderEvent, PositionEvent
from sandbox.engine.orders import Order, Role, Side, Status
from sandbox.engine.positions import Position
from sandbox.engine.venue import Market, Venue


class Match(NamedTuple):
    """A trade from the outside. Units: ticks, lots. `aggressor` is None where the recorded market took."""

    price_ticks: int
    lots: int
    trade_id: int
    aggressor: Role | None


def settle(venue: Venue, order: Order, match: Match, *, is_maker: bool, counterparty: Account | None) -> None:
    """Apply one side of a trade to its order and account, and tell about it."""
    price_ticks, lots, trade_id, aggressor = match
    fee, fee_asset = _fee(order, price_ticks, lots, is_maker=is_maker)
    fill = Fill(order, trade_id, price_ticks, lots, is_maker, fee, fee_asset, venue.now_us, counterparty, aggressor)
    _fill_order(venue, order, price_ticks, lots, is_maker=is_maker)
    order.account.fills.append(fill)
    venue.listener.on_order(OrderEvent.FILL, order, fill)
    if order.market.spec.is_perp:
        _settle_perp(venue, order, fill)
    else:
        _settle_spot(venue, order, fill)


def _fee(order: Order, price_ticks: int, lots: int, *, is_maker: bool) -> tuple[int, str]:
    spec = order.market.spec
    in_base = not spec.is_perp and order.side is Side.BID
    amount = lots * spec.lot_money if in_base else spec.value(price_ticks, lots)
    fee = order.account.fees.fee(amount, is_perp=spec.is_perp, is_maker=is_maker)
    return fee, spec.base if in_base else spec.quote


def _fill_order(venue: Venue, order: Order, price_ticks: int, lots: int, *, is_maker: bool) -> None:
    order.filled += lots
    order.filled_value += order.market.spec.value(price_ticks, lots)
    order.status = Status.FILLED if order.filled == order.lots else Status.PARTIALLY_FILLED
    side = order.market.book.sides[order.side]
    if order.status is Status.FILLED:
        order.ended_us = venue.now_us
        order.account.live.pop(order.id, None)
        if is_maker:
            side.remove(order)
    elif is_maker:
        side.note_change(order.price_ticks)


def _settle_spot(venue: Venue, order: Order, fill: Fill) -> None:
    spec = order.market.spec
    value = spec.value(fill.price_ticks, fill.lots)
    quantity = fill.lots * spec.lot_money
    sign = order.side.sign
    balances = order.account.balances
    balances[spec.quote] = balances.get(spec.quote, 0) - sign * value
    balances[spec.base] = balances.get(spec.base, 0) + sign * quantity
    balances[fill.fee_asset] -= fill.fee
    venue.listener.on_balance(order.account, spec.base)
    venue.listener.on_balance(order.account, spec.quote)


def _settle_perp(venue: Venue, order: Order, fill: Fill) -> None:
    account, market = order.account, order.market
    signed = order.side.sign * fill.lots
    held = account.position_lots(market)
    opening = signed
    if held and (held > 0) != (signed > 0):
        closing = min(abs(held), fill.lots) * order.side.sign
        opening = signed - closing
        _move_position(venue, account, market, closing, fill, share=abs(closing))
    if opening:
        _move_position(venue, account, market, opening, fill, share=abs(opening))
    account.balances[fill.fee_asset] = account.balances.get(fill.fee_asset, 0) - fill.fee
    venue.listener.on_balance(account, fill.fee_asset)
    attached.after_fill(venue, order, fill.lots)
    reduce_only.adjust(venue, account, market)
    if held * (held + signed) < 0 or (held and held + signed == 0):
        reduce_only.end_stops(venue, account, market, order.side)
    protection.update(venue, account, market)


def _move_position(venue: Venue, account: Account, market: Market, signed_lots: int, fill: Fill, *, share: int) -> None:
    """Apply a part of a fill that opens, grows or reduces; a flip comes as two parts."""
    symbol = market.spec.symbol
    position = account.positions.get(symbol)
    event = PositionEvent.ADJUSTED
    if position is None:
        position = Position(venue.position_id(), account, market, opened_us=venue.now_us)
        account.positions[symbol] = position
        event = PositionEvent.OPENED
    profit = position.add(signed_lots, fill.price_ticks)
    position.fees += fill.fee * share // fill.lots
    account.balances[market.spec.quote] = account.balances.get(market.spec.quote, 0) + profit
    if position.lots == 0:
        event = PositionEvent.CLOSED
        position.closed_us = venue.now_us
        position.cover(0, now_us=venue.now_us)
        account.closed_positions.append(position)
        del account.positions[symbol]
    venue.listener.on_position(event, position)
