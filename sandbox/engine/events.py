"""What the exchange tells the world while it works; the streams and the tests listen."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from sandbox.engine.accounts import Account
    from sandbox.engine.orders import Order, Role
    from sandbox.engine.positions import Position
    from sandbox.engine.venue import Market


class OrderEvent(Enum):
    """Kinds of messages about an order."""

    ACCEPTED = "orderAccepted"
    CANCELLED = "orderCancelled"
    EXPIRED = "orderExpired"
    FILL = "orderFill"
    MODIFIED = "orderModified"
    TRIGGER_PLACED = "triggerPlaced"
    TRIGGER_FAILED = "triggerFailed"


class PositionEvent(Enum):
    """Kinds of messages about a position."""

    OPENED = "positionOpened"
    ADJUSTED = "positionAdjusted"
    CLOSED = "positionClosed"


class PublicTrade(NamedTuple):
    """One trade as everybody sees it. Units: ticks, lots, us of market time."""

    id: int
    price_ticks: int
    lots: int
    buyer_order_id: int
    seller_order_id: int
    buyer_is_maker: bool
    at_us: int


class Fill(NamedTuple):
    """One account's side of a trade. Units: ticks, lots, money (fee), us of market time.

    `counterparty` is the other account, None for recorded liquidity; `aggressor` is what the taking order was for,
    None where the recorded market took.
    """

    order: Order
    trade_id: int
    price_ticks: int
    lots: int
    is_maker: bool
    fee: int
    fee_asset: str
    at_us: int
    counterparty: Account | None
    aggressor: Role | None


class Depth(NamedTuple):
    """One atomic change of the published book: price to quantity, 0 deletes."""

    market: Market
    bids: dict[int, int]
    asks: dict[int, int]
    first_id: int
    last_id: int
    at_us: int


class Listener(Protocol):
    """Receiver of everything; called at once and in order, must not call back into the exchange."""

    def on_depth(self, depth: Depth) -> None:
        """Hear a change of a book."""

    def on_trade(self, market: Market, trade: PublicTrade) -> None:
        """Hear a trade."""

    def on_mark(self, market: Market) -> None:
        """Hear new mark and index prices."""

    def on_order(self, event: OrderEvent, order: Order, fill: Fill | None) -> None:
        """Hear what happened to an order."""

    def on_position(self, event: PositionEvent, position: Position) -> None:
        """Hear what happened to a position."""

    def on_balance(self, account: Account, asset: str) -> None:
        """Hear that a balance changed."""


class Silence:
    """A listener that ignores everything."""

    def on_depth(self, depth: Depth) -> None:
        """Ignore it."""

    def on_trade(self, market: Market, trade: PublicTrade) -> None:
        """Ignore it."""

    def on_mark(self, market: Market) -> None:
        """Ignore it."""

    def on_order(self, event: OrderEvent, order: Order, fill: Fill | None) -> None:
        """Ignore it."""

    def on_position(self, event: PositionEvent, position: Position) -> None:
        """Ignore it."""

    def on_balance(self, account: Account, asset: str) -> None:
        """Ignore it."""
