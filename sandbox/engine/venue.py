"""The exchange's state: markets, accounts, clock and numbers, shared by the modules that act on it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from sandbox.engine.accounts import Account
from sandbox.engine.book import Book
from sandbox.engine.candles import Candles
from sandbox.engine.events import Depth, Listener, PublicTrade
from sandbox.engine.market import MarketSpec
from sandbox.engine.orders import Reference
from sandbox.engine.trigger_index import TriggerIndex
from sandbox.settings import Settings

_KEPT_TRADES = 1_000


@dataclass(slots=True, eq=False)
class Market:
    """One market's live state. Prices are ticks; `index_half_ticks` half ticks, because a mid lies between two."""

    spec: MarketSpec
    book: Book = field(default_factory=Book)
    triggers: TriggerIndex = field(default_factory=TriggerIndex)
    trades: deque[PublicTrade] = field(default_factory=lambda: deque(maxlen=_KEPT_TRADES))
    candles: Candles = field(default_factory=Candles)
    last_ticks: int | None = None
    mark_ticks: int | None = None
    index_half_ticks: int | None = None
    next_mark_us: int = 0
    update_id: int = 0
    trade_id: int = 0
    updated_us: int = 0

    def half_ticks(self, reference: Reference) -> int | None:
        """Return a reference price in half ticks, or None while there is none.

        A market without a trade yet has its mid for a last price: a trigger needs something to stand against.
        """
        if reference is Reference.MARK:
            return None if self.mark_ticks is None else 2 * self.mark_ticks
        if reference is Reference.INDEX:
            return self.index_half_ticks
        return self.index_half_ticks if self.last_ticks is None else 2 * self.last_ticks

    @property
    def active_ticks(self) -> int | None:
        """Return the last active price: the last trade, else the mark."""
        return self.mark_ticks if self.last_ticks is None else self.last_ticks


@dataclass(slots=True, eq=False)
class Venue:
    """Everything that the exchange knows. `now_us` is market time and only ever moves forward."""

    markets: dict[str, Market]
    accounts: dict[str, Account]
    listener: Listener
    settings: Settings
    now_us: int
    next_order_id: int = 59_669_287_267
    next_position_id: int = 28_563_667_732
    market_events: int = 0

    def order_id(self) -> int:
        """Return a fresh order id."""
        self.next_order_id += 1
        return self.next_order_id

    def position_id(self) -> int:
        """Return a fresh position id."""
        self.next_position_id += 1
        return self.next_position_id

    def publish_depth(self, market: Market) -> None:
        """Publish what has changed in a book since the last time, as one atomic update."""
        bids, asks = market.book.bids, market.book.asks
        count = len(bids.changed) + len(asks.changed)
        if not count:
            return
        first_id = market.update_id + 1
        market.update_id += count
        market.updated_us = self.now_us
        depth = Depth(market, bids.changed, asks.changed, first_id, market.update_id, self.now_us)
        bids.changed, asks.changed = {}, {}
        self.listener.on_depth(depth)

    def publish_trade(
        self,
        market: Market,
        *,
        price_ticks: int,
        lots: int,
        buyer_id: int,
        seller_id: int,
        buyer_is_maker: bool,
    ) -> int:
        """Publish a trade, make it the last price, and return its id."""
        market.trade_id += 1
        market.last_ticks = price_ticks
        trade = PublicTrade(market.trade_id, price_ticks, lots, buyer_id, seller_id, buyer_is_maker, self.now_us)
        market.trades.append(trade)
        market.candles.add(price_ticks, lots, at_us=self.now_us)
        self.listener.on_trade(market, trade)
        return market.trade_id
