"""The recorded market meets the book: its updates move recorded liquidity, and its trades reach customers' orders."""

from __future__ import annotations

from recordings.events import BookUpdate, Trade
from sandbox.engine.book import BookSide
from sandbox.engine.orders import Order, Side
from sandbox.engine.settlement import Match, settle
from sandbox.engine.venue import Market, Venue


def apply_book(venue: Venue, market: Market, update: BookUpdate) -> None:
    """Apply a recorded change of the book; orders that it moves through are filled at their own price."""
    bids, asks = market.book.sides
    if update.is_snapshot:
        bids.replace_recorded(update.bids)
        asks.replace_recorded(update.asks)
    else:
        for price, lots in update.bids:
            bids.set_recorded(price, lots)
        for price, lots in update.asks:
            asks.set_recorded(price, lots)
    depth = market.spec.depth
    if depth:
        bids.keep_best_recorded(depth)
        asks.keep_best_recorded(depth)
    while bids.keys and asks.keys and bids.keys[-1] + asks.keys[-1] >= 0:
        _uncross(venue, market, update)


def apply_trade(venue: Venue, market: Market, trade: Trade) -> None:
    """Apply a recorded trade: better-priced orders fill, those at its price after what stands ahead of them."""
    maker_side = Side.BID if trade.buyer_is_maker else Side.ASK
    side = market.book.sides[maker_side]
    recorded_lots = trade.quantity_lots
    if side.queue_keys and side.queue_keys[-1] >= trade.price_ticks * side.sign:
        recorded_lots = _reach_orders(venue, side, trade)
    if recorded_lots:
        venue.publish_trade(
            market,
            price_ticks=trade.price_ticks,
            lots=recorded_lots,
            buyer_id=venue.order_id(),
            seller_id=venue.order_id(),
            buyer_is_maker=trade.buyer_is_maker,
        )


def _reach_orders(venue: Venue, side: BookSide, trade: Trade) -> int:
    """Fill the orders that a trade reaches; return the lots that traded with recorded liquidity."""
    left = trade.quantity_lots
    threshold = trade.price_ticks * side.sign
    while side.queue_keys and side.queue_keys[-1] > threshold:
        order = side.queues[side.queue_keys[-1] * side.sign][0]
        left = max(0, left - order.remaining)
        fill_from_market(venue, order, order.remaining)
    recorded_lots = 0
    while left and (queue := side.queues.get(trade.price_ticks)):
        order = queue[0]
        if order.ahead:
            lots = min(order.ahead, left)
            side.pass_recorded(trade.price_ticks, lots)
            recorded_lots += lots
        else:
            lots = min(order.remaining, left)
            fill_from_market(venue, order, lots)
        left -= lots
    return recorded_lots + left


def fill_from_market(venue: Venue, order: Order, lots: int) -> None:
    """Fill a resting order at its own price with the recorded market as the aggressor."""
    is_buy = order.side is Side.BID
    other_id = venue.order_id()
    trade_id = venue.publish_trade(
        order.market,
        price_ticks=order.price_ticks,
        lots=lots,
        buyer_id=order.id if is_buy else other_id,
        seller_id=other_id if is_buy else order.id,
        buyer_is_maker=is_buy,
    )
    settle(venue, order, Match(order.price_ticks, lots, trade_id, None), is_maker=True, counterparty=None)


def _uncross(venue: Venue, market: Market, update: BookUpdate) -> None:
    """Take one step towards a book that is not crossed."""
    bids, asks = market.book.sides
    bid, ask = bids.best_recorded(), asks.best_recorded()
    if bid is not None and ask is not None and bid >= ask:
        _drop_stale(bids, asks, bid, ask, update)
    elif ask is not None and bids.queue_keys and bids.queue_keys[-1] >= ask:
        _run_over(venue, bids, asks, ask)
    else:
        assert bid is not None
        _run_over(venue, asks, bids, bid)


def _run_over(venue: Venue, side: BookSide, other: BookSide, price: int) -> None:
    """Fill the best resting order: all of it where the market stands beyond it, else by what stands at its price."""
    order = side.queues[side.queue_keys[-1] * side.sign][0]
    if order.price_ticks != price:
        fill_from_market(venue, order, order.remaining)
        return
    lots = min(order.remaining, other.recorded[price])
    other.take_recorded(price, lots)
    fill_from_market(venue, order, lots)


def _drop_stale(bids: BookSide, asks: BookSide, bid: int, ask: int, update: BookUpdate) -> None:
    """Drop the level of a crossed recording that the update does not speak of; it is the one that was forgotten."""
    bid_is_fresh = any(price == bid and lots for price, lots in update.bids)
    if bid_is_fresh:
        asks.set_recorded(ask, 0)
    else:
        bids.set_recorded(bid, 0)
