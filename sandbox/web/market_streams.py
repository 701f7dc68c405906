"""One market's public streams."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.engine.candles import MINUTE_US
from sandbox.engine.events import Depth, PublicTrade
from sandbox.engine.market import MarketSpec
from sandbox.engine.money import MONEY_DECIMALS, fixed_text
from sandbox.engine.venue import Market
from sandbox.web.hub import Hub, Topic
from sandbox.web.market_shapes import BASE_FUNDING_RATE, next_funding_ms

AGGREGATED_MS = (200, 600, 1_000)
_SECOND_US = 1_000_000
_DAY_US = 24 * 60 * MINUTE_US

Top = tuple[int | None, int, int | None, int]


@dataclass(slots=True)
class _Aggregate:
    """Changes of a book that wait for the next message of an aggregated stream."""

    topic: Topic
    interval_us: int
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)
    first_id: int = 0
    last_id: int = 0
    at_us: int = 0
    due_us: int = 0


class MarketStreams:
    """Renders a market's public messages; the caller says when they are emitted (us of market time)."""

    def __init__(self, market: Market, hub: Hub) -> None:
        symbol = market.spec.symbol
        self._market = market
        self._spec: MarketSpec = market.spec
        self.depth = hub.topic(f"depth.{symbol}")
        self.trade = hub.topic(f"trade.{symbol}")
        self.book_ticker = hub.topic(f"bookTicker.{symbol}")
        self.mark = hub.topic(f"markPrice.{symbol}")
        self.ticker = hub.topic(f"ticker.{symbol}")
        self._aggregates = [
            _Aggregate(hub.topic(f"depth.{interval_ms}ms.{symbol}"), interval_ms * 1_000)
            for interval_ms in AGGREGATED_MS
        ]
        self._top: Top | None = None
        self._next_ticker_us = 0

    def on_depth(self, depth: Depth, *, emitted_us: int) -> None:
        """Publish a change of the book in real time, collect it for aggregated streams."""
        if self.book_ticker.subscribers:
            self._publish_top(depth, emitted_us)
        if self.depth.subscribers:
            self.depth.send(
                self._depth_data(depth.bids, depth.asks, (depth.first_id, depth.last_id), depth.at_us, emitted_us)
            )
        for aggregate in self._aggregates:
            if aggregate.topic.subscribers:
                _collect(aggregate, depth)

    def on_trade(self, trade: PublicTrade, *, emitted_us: int) -> None:
        """Publish a trade."""
        spec = self._spec
        self.trade.send(
            (
                f'{{"E":{emitted_us},"T":{trade.at_us},"a":"{trade.seller_order_id}",'
                f'"b":"{trade.buyer_order_id}","e":"trade","m":{"true" if trade.buyer_is_maker else "false"},'
                f'"p":"{spec.price_text(trade.price_ticks)}","q":"{spec.quantity_text(trade.lots)}",'
                f'"s":"{spec.symbol}","t":{trade.id}}}'
            ).encode()
        )

    def on_mark(self, *, at_us: int, emitted_us: int) -> None:
        """Publish mark and index price."""
        market, spec = self._market, self._spec
        assert market.mark_ticks is not None
        assert market.index_half_ticks is not None
        funding = f'"f":"{BASE_FUNDING_RATE}",' if spec.is_perp else ""
        next_funding = f'"n":{next_funding_ms(at_us)},' if spec.is_perp else ""
        self.mark.send(
            (
                f'{{"E":{emitted_us},"T":{at_us},"e":"markPrice",{funding}'
                f'"i":"{spec.half_ticks_text(market.index_half_ticks)}",{next_funding}'
                f'"p":"{spec.price_text(market.mark_ticks)}","s":"{spec.symbol}"}}'
            ).encode()
        )

    def tick(self, now_us: int, *, emitted_us: int) -> None:
        """Publish aggregated depth that is due, and the ticker once a second."""
        for aggregate in self._aggregates:
            if aggregate.first_id and aggregate.due_us <= now_us:
                self._publish_aggregate(aggregate, emitted_us)
        if self._next_ticker_us <= now_us:
            self._next_ticker_us = now_us - now_us % _SECOND_US + _SECOND_US
            if self.ticker.subscribers:
                self._publish_ticker(now_us, emitted_us)

    def _publish_aggregate(self, aggregate: _Aggregate, emitted_us: int) -> None:
        ids = (aggregate.first_id, aggregate.last_id)
        aggregate.topic.send(self._depth_data(aggregate.bids, aggregate.asks, ids, aggregate.at_us, emitted_us))
        aggregate.bids, aggregate.asks, aggregate.first_id = {}, {}, 0

    def _depth_data(
        self, bids: dict[int, int], asks: dict[int, int], ids: tuple[int, int], at_us: int, emitted_us: int
    ) -> bytes:
        return (
            f'{{"E":{emitted_us},"T":{at_us},"U":{ids[0]},"a":[{self._rows(asks)}],"b":[{self._rows(bids)}],'
            f'"e":"depth","s":"{self._spec.symbol}","u":{ids[1]}}}'
        ).encode()

    def _rows(self, levels: dict[int, int]) -> str:
        price, quantity = self._spec.price_text, self._spec.quantity_text
        return ",".join([f'["{price(ticks)}","{quantity(lots)}"]' for ticks, lots in levels.items()])

    def _publish_top(self, depth: Depth, emitted_us: int) -> None:
        book = self._market.book
        bid, ask = book.bids.best(), book.asks.best()
        top = (
            bid,
            0 if bid is None else book.bids.lots_at(bid),
            ask,
            0 if ask is None else book.asks.lots_at(ask),
        )
        if top == self._top:
            return
        self._top = top
        price, quantity = self._spec.price_text, self._spec.quantity_text
        ask_price, ask_lots = ("null", "null") if ask is None else (f'"{price(ask)}"', f'"{quantity(top[3])}"')
        bid_price, bid_lots = ("null", "null") if bid is None else (f'"{price(bid)}"', f'"{quantity(top[1])}"')
        self.book_ticker.send(
            (
                f'{{"A":{ask_lots},"B":{bid_lots},"E":{emitted_us},"T":{depth.at_us},"a":{ask_price},'
                f'"b":{bid_price},"e":"bookTicker","s":"{self._spec.symbol}","u":{depth.last_id}}}'
            ).encode()
        )

    def _publish_ticker(self, now_us: int, emitted_us: int) -> None:
        day = self._market.candles.since(now_us - _DAY_US)
        if day is None:
            return
        spec = self._spec
        decimals = min(4, spec.price_decimals + spec.quantity_decimals)
        value = fixed_text(day.value * spec.value_unit // 10 ** (MONEY_DECIMALS - decimals), decimals)
        self.ticker.send(
            (
                f'{{"E":{emitted_us},"V":"{value}","c":"{spec.price_text(day.close)}","e":"ticker",'
                f'"h":"{spec.price_text(day.high)}","l":"{spec.price_text(day.low)}","n":{day.trades},'
                f'"o":"{spec.price_text(day.open)}","s":"{spec.symbol}","v":"{spec.quantity_text(day.lots)}"}}'
            ).encode()
        )


def _collect(aggregate: _Aggregate, depth: Depth) -> None:
    if not aggregate.first_id:
        aggregate.first_id = depth.first_id
        aggregate.due_us = depth.at_us - depth.at_us % aggregate.interval_us + aggregate.interval_us
    aggregate.bids.update(depth.bids)
    aggregate.asks.update(depth.asks)
    aggregate.last_id = depth.last_id
    aggregate.at_us = depth.at_us
