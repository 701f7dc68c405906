"""A script of market events and orders against an exchange without network; it keeps what the exchange says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from recordings.events import BookUpdate, Level, Trade
from sandbox.engine.accounts import Account
from sandbox.engine.events import Depth, Fill, OrderEvent, PositionEvent, PublicTrade
from sandbox.engine.exchange import Exchange
from sandbox.engine.market import market_spec
from sandbox.engine.orders import (
    AttachedStop,
    Order,
    OrderRequest,
    OrderType,
    Reference,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerQuantity,
)
from sandbox.engine.positions import Position
from sandbox.engine.venue import Market
from sandbox.settings import Settings

PERP = "SOL_USDC_PERP"
SPOT = "SOL_USDC"
START_US = 1_788_367_430_000_000
BID, ASK = Side.BID, Side.ASK


class Hearing:
    """Listener that writes everything down."""

    def __init__(self) -> None:
        self.depths: list[Depth] = []
        self.trades: list[PublicTrade] = []
        self.orders: list[tuple[str, int, str]] = []
        self.fills: list[Fill] = []
        self.positions: list[tuple[str, int]] = []

    def on_depth(self, depth: Depth) -> None:
        self.depths.append(depth)

    def on_trade(self, _market: Market, trade: PublicTrade) -> None:
        self.trades.append(trade)

    def on_mark(self, _market: Market) -> None:
        pass

    def on_order(self, event: OrderEvent, order: Order, fill: Fill | None) -> None:
        self.orders.append((event.value, order.id, order.status.value))
        self.fills += [fill] if fill is not None else []

    def on_position(self, event: PositionEvent, position: Position) -> None:
        self.positions.append((event.value, position.lots))

    def on_balance(self, _account: Account, _asset: str) -> None:
        pass


class Script:
    """Alice, Bob and the recorded market of one perpetual; prices are ticks, quantities lots of 0.01."""

    def __init__(self, *, depth: int = 0, settings: Settings | None = None) -> None:
        grid = {"tick_size": Decimal("0.01"), "step_size": Decimal("0.01")}
        self.heard = Hearing()
        self.exchange = Exchange(
            [market_spec(PERP, **grid, depth=depth), market_spec(SPOT, **grid)],
            ["alice", "bob"],
            start_us=START_US,
            settings=settings,
            listener=self.heard,
        )
        self.market = self.exchange.market(PERP)
        self.alice = self.exchange.venue.accounts["alice"]
        self.bob = self.exchange.venue.accounts["bob"]
        self.now_us = START_US

    def pass_time(self, seconds: float) -> None:
        self.now_us += int(seconds * 1e6)
        self.exchange.advance(self.now_us)

    def snapshot(self, bids: dict[int, int], asks: dict[int, int], *, symbol: str = PERP) -> None:
        self._apply(BookUpdate(self.now_us * 1_000, True, _levels(bids), _levels(asks)), symbol)

    def update(self, bids: dict[int, int] | None = None, asks: dict[int, int] | None = None) -> None:
        self._apply(BookUpdate(self.now_us * 1_000, False, _levels(bids or {}), _levels(asks or {})), PERP)

    def sells(self, lots: int, *, at: int) -> None:
        """Let the recorded market sell: the buyer was the maker."""
        self._apply(Trade(self.now_us * 1_000, at, lots, True), PERP)

    def buys(self, lots: int, *, at: int) -> None:
        """Let the recorded market buy."""
        self._apply(Trade(self.now_us * 1_000, at, lots, False), PERP)

    def move_mid(self, ticks: int) -> None:
        """Move the whole book to a new mid, and the mark with it."""
        self.snapshot({ticks - 1: 1_000}, {ticks + 1: 1_000})
        self.pass_time(1)

    def limit(self, account: Account, side: Side, lots: int, price: int, **more: Any) -> Order:
        return self._place(account, side, order_type=OrderType.LIMIT, lots=lots, price_ticks=price, **more)

    def post(self, account: Account, side: Side, lots: int, price: int, **more: Any) -> Order:
        return self.limit(account, side, lots, price, post_only=True, **more)

    def take(self, account: Account, side: Side, lots: int, **more: Any) -> Order:
        return self._place(account, side, order_type=OrderType.MARKET, lots=lots, **more)

    def stop(self, account: Account, side: Side, quantity: str, trigger: int, **more: Any) -> Order:
        more = {"order_type": OrderType.MARKET, "reduce_only": True, "trigger_by": Reference.MARK, **more}
        return self._place(
            account,
            side,
            trigger_ticks=trigger,
            trigger_quantity=_quantity(quantity),
            **more,
        )

    def cancel(self, order: Order) -> Order:
        return self.exchange.cancel(order.account, order.market, order_id=order.id)

    def lots(self, account: Account) -> int:
        return account.position_lots(self.market)

    def events_of(self, order: Order) -> list[str]:
        return [event for event, order_id, _ in self.heard.orders if order_id == order.id]

    def _place(self, account: Account, side: Side, **more: Any) -> Order:
        market = self.exchange.market(more.pop("symbol", PERP))
        return self.exchange.place(account, market, OrderRequest(side=side, **more))

    def _apply(self, event: BookUpdate | Trade, symbol: str) -> None:
        self.exchange.apply(symbol, event, at_us=self.now_us)


def attached(trigger: int, *, by: Reference | None = Reference.MARK, limit: int | None = None) -> AttachedStop:
    return AttachedStop(trigger, by, limit)


def children_of(entry: Order) -> list[Order]:
    return [order for order in entry.account.orders.values() if order.request.related_id == entry.id]


def _levels(levels: dict[int, int]) -> tuple[Level, ...]:
    return tuple(levels.items())


def _quantity(text: str) -> TriggerQuantity:
    if text.endswith("%"):
        return TriggerQuantity(text, percent=Decimal(text[:-1]))
    return TriggerQuantity(text, lots=int(Decimal(text) * 100))


__all__ = [
    "ASK",
    "BID",
    "PERP",
    "SPOT",
    "START_US",
    "Script",
    "SelfTrade",
    "TimeInForce",
    "attached",
    "children_of",
]
