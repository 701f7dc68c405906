"""Price-time matching of a customer's order against the book."""

from __future__ import annotations

from sandbox.engine import endings
from sandbox.engine.accounts import Account
from sandbox.engine.book import BookSide
from sandbox.engine.orders import Expiry, Order, OrderType, SelfTrade, Side, TimeInForce
from sandbox.engine.settlement import Match, settle
from sandbox.engine.venue import Market, Venue


def crosses(market: Market, side: Side, price_ticks: int) -> bool:
    """Return whether an order of a side and price would trade at once."""
    best = market.book.sides[side.opposite].best()
    return best is not None and _within(best, price_ticks, side)


def sweep_limit(market: Market, side: Side) -> int | None:
    """Return the worst price that a market order may reach, None while the other side is empty."""
    best = market.book.sides[side.opposite].best()
    if best is None:
        return None
    most, least = market.spec.rules.impact
    numerator, denominator = _ratio(most if side is Side.BID else least)
    return best * numerator // denominator if side is Side.BID else -(-best * numerator // denominator)


def lots_for_quote(market: Market, side: Side, quote: int) -> int:
    """Return how many lots an amount of quote money buys or sells right now."""
    limit = sweep_limit(market, side)
    lots = 0
    for price, available in market.book.sides[side.opposite].levels():
        if limit is None or not _within(price, limit, side):
            break
        bought = min(available, quote // market.spec.value(price, 1))
        lots += bought
        quote -= market.spec.value(price, bought)
        if bought < available:
            break
    return lots


def fillable(market: Market, account: Account, side: Side, limit_ticks: int, *, wanted: int) -> int:
    """Return how much of `wanted` lots could trade at once, up to the first order of the same account."""
    found = 0
    book_side = market.book.sides[side.opposite]
    for price, available in book_side.levels():
        own = any(order.account is account for order in book_side.queues.get(price, ()))
        if found >= wanted or own or not _within(price, limit_ticks, side):
            break
        found += available
    return min(found, wanted)


def sweep(venue: Venue, taker: Order, limit_ticks: int | None) -> Expiry | None:
    """Trade an order as far as its limit; return why its remainder cannot go on, None where it may rest."""
    market = taker.market
    side = market.book.sides[taker.side.opposite]
    while taker.remaining:
        price = side.best()
        if price is None or limit_ticks is None:
            return Expiry.INSUFFICIENT_LIQUIDITY
        if not _within(price, limit_ticks, taker.side):
            return Expiry.PRICE_IMPACT
        queue = side.queues.get(price)
        maker = queue[0] if queue else None
        if maker is None or maker.ahead:
            _hit_recorded(venue, taker, side, price, most=maker.ahead if maker else side.recorded[price])
        elif maker.account is not taker.account:
            _hit_order(venue, taker, maker, price)
        elif not _prevent_self_trade(venue, taker, maker):
            return Expiry.SELF_TRADE
    return None


def finish(venue: Venue, taker: Order, stopped: Expiry | None) -> None:
    """Let the remainder of an order rest or expire, as its type and time in force say."""
    if not taker.remaining:
        return
    if taker.request.order_type is OrderType.MARKET or stopped is Expiry.SELF_TRADE:
        assert stopped is not None
        endings.expire(venue, taker, stopped)
    elif taker.request.time_in_force is TimeInForce.IOC:
        endings.expire(venue, taker, Expiry.IMMEDIATE_OR_CANCEL)
    else:
        taker.account.live[taker.id] = taker
        taker.market.book.sides[taker.side].rest(taker)


def _hit_recorded(venue: Venue, taker: Order, side: BookSide, price: int, *, most: int) -> None:
    lots = min(taker.remaining, most, side.recorded[price])
    side.take_recorded(price, lots)
    resting_id = venue.order_id()
    trade_id = _publish(venue, taker, resting_id, price, lots)
    settle(venue, taker, Match(price, lots, trade_id, taker.role), is_maker=False, counterparty=None)


def _hit_order(venue: Venue, taker: Order, maker: Order, price: int) -> None:
    lots = min(taker.remaining, maker.remaining)
    trade_id = _publish(venue, taker, maker.id, price, lots)
    match = Match(price, lots, trade_id, taker.role)
    settle(venue, maker, match, is_maker=True, counterparty=taker.account)
    settle(venue, taker, match, is_maker=False, counterparty=maker.account)


def _prevent_self_trade(venue: Venue, taker: Order, maker: Order) -> bool:
    """Return whether the taker may go on."""
    rule = taker.request.self_trade
    if rule is not SelfTrade.REJECT_TAKER:
        endings.expire(venue, maker, Expiry.SELF_TRADE)
    return rule is SelfTrade.REJECT_MAKER


def _publish(venue: Venue, taker: Order, resting_id: int, price: int, lots: int) -> int:
    is_buy = taker.side is Side.BID
    return venue.publish_trade(
        taker.market,
        price_ticks=price,
        lots=lots,
        buyer_id=taker.id if is_buy else resting_id,
        seller_id=resting_id if is_buy else taker.id,
        buyer_is_maker=not is_buy,
    )


def _within(price: int, limit_ticks: int, side: Side) -> bool:
    return price <= limit_ticks if side is Side.BID else price >= limit_ticks


def _ratio(text: str) -> tuple[int, int]:
    whole, _, decimals = text.partition(".")
    return int(whole + decimals), 10 ** len(decimals)
