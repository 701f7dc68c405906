"""From what happens in the exchange to frames on streams; nothing is rendered that nobody subscribed to."""

from __future__ import annotations

import orjson

from sandbox.clock import Clock
from sandbox.engine.accounts import Account
from sandbox.engine.events import Depth, Fill, OrderEvent, PositionEvent, PublicTrade
from sandbox.engine.orders import Order
from sandbox.engine.positions import Position
from sandbox.engine.venue import Market, Venue
from sandbox.web.hub import Hub, Topic
from sandbox.web.market_streams import MarketStreams
from sandbox.web.stream_shapes import Shape, balance_update, order_update, position_update


class Publisher:
    """Listener of the exchange that renders for its subscribers."""

    def __init__(self, hub: Hub, clock: Clock) -> None:
        self.hub = hub
        self.clock = clock
        self._streams: dict[str, MarketStreams] = {}
        self._venue: Venue | None = None

    def attach(self, venue: Venue) -> None:
        """Learn which exchange this publishes; its markets are fixed."""
        self._venue = venue
        self._streams = {symbol: MarketStreams(market, self.hub) for symbol, market in venue.markets.items()}

    def on_depth(self, depth: Depth) -> None:
        """Publish a change of a book."""
        self._streams[depth.market.spec.symbol].on_depth(depth, emitted_us=self._emitted_us(depth.at_us))

    def on_trade(self, market: Market, trade: PublicTrade) -> None:
        """Publish a trade."""
        streams = self._streams[market.spec.symbol]
        if streams.trade.subscribers:
            streams.on_trade(trade, emitted_us=self._emitted_us(trade.at_us))

    def on_mark(self, market: Market) -> None:
        """Publish mark and index price."""
        streams = self._streams[market.spec.symbol]
        if streams.mark.subscribers:
            now_us = self._now_us()
            streams.on_mark(at_us=now_us, emitted_us=self._emitted_us(now_us))

    def on_order(self, event: OrderEvent, order: Order, fill: Fill | None) -> None:
        """Publish what happened to an order to its owner."""
        topics = self._private("account.orderUpdate", order.account, order.market)
        if topics:
            engine_us = self._now_us()
            shape = order_update(event, order, fill, engine_us=engine_us, emitted_us=self._emitted_us(engine_us))
            _send(topics, shape)

    def on_position(self, event: PositionEvent, position: Position) -> None:
        """Publish what happened to a position to its owner."""
        topics = self._private("account.positionUpdate", position.account, position.market)
        if topics:
            _send(topics, self.position_message(event, position))

    def on_balance(self, account: Account, asset: str) -> None:
        """Publish a balance to its owner."""
        topics = self._private("account.balanceUpdate", account, None)
        if topics:
            engine_us = self._now_us()
            emitted_us = self._emitted_us(engine_us)
            _send(topics, balance_update(account, asset, engine_us=engine_us, emitted_us=emitted_us))

    def position_message(self, event: PositionEvent | None, position: Position) -> Shape:
        """Return the message about a position, with the times of now."""
        engine_us = self._now_us()
        return position_update(event, position, engine_us=engine_us, emitted_us=self._emitted_us(engine_us))

    def tick(self) -> None:
        """Publish what goes by time: aggregated depth and tickers."""
        now_us = self._now_us()
        for streams in self._streams.values():
            streams.tick(now_us, emitted_us=self._emitted_us(now_us))

    def _private(self, name: str, account: Account, market: Market | None) -> list[Topic]:
        names = [name] if market is None else [name, f"{name}.{market.spec.symbol}"]
        topics = [self.hub.topic(each, account=account.name) for each in names]
        return [topic for topic in topics if topic.subscribers]

    def _now_us(self) -> int:
        assert self._venue is not None
        return self._venue.now_us

    def _emitted_us(self, engine_us: int) -> int:
        return max(engine_us, self.clock.market_us())


def _send(topics: list[Topic], shape: Shape) -> None:
    data = orjson.dumps(shape, option=orjson.OPT_SORT_KEYS)
    for topic in topics:
        topic.send(data)
