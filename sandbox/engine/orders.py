"""Orders: what was asked, and what has become of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.engine.accounts import Account
    from sandbox.engine.venue import Market


class Side(IntEnum):
    """Side of an order; the numbers index pairs of (bids, asks)."""

    BID = 0
    ASK = 1

    @property
    def opposite(self) -> Side:
        """Return the other side."""
        return Side.ASK if self is Side.BID else Side.BID

    @property
    def sign(self) -> int:
        """Return +1 for a bid, -1 for an ask."""
        return 1 if self is Side.BID else -1

    @property
    def wire(self) -> str:
        """Return the exchange's word."""
        return "Bid" if self is Side.BID else "Ask"


class OrderType(Enum):
    """Type of an order; a stop is a Market or Limit order with a trigger, there is no type of its own."""

    LIMIT = "Limit"
    MARKET = "Market"


class TimeInForce(Enum):
    """How long an order works."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class SelfTrade(Enum):
    """What happens when an order meets another one of its own account."""

    REJECT_TAKER = "RejectTaker"
    REJECT_MAKER = "RejectMaker"
    REJECT_BOTH = "RejectBoth"


class Reference(Enum):
    """The price that a trigger watches."""

    MARK = "MarkPrice"
    LAST = "LastPrice"
    INDEX = "IndexPrice"


class Status(Enum):
    """State of an order. `Triggered` is known from the exchange's own client only, not from its documentation."""

    NEW = "New"
    PARTIALLY_FILLED = "PartiallyFilled"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    EXPIRED = "Expired"
    TRIGGER_PENDING = "TriggerPending"
    TRIGGER_FAILED = "TriggerFailed"
    TRIGGERED = "Triggered"


LIVE = frozenset({Status.NEW, Status.PARTIALLY_FILLED, Status.TRIGGER_PENDING})


class Expiry(Enum):
    """Why an order ended by itself."""

    FILL_OR_KILL = "FillOrKill"
    IMMEDIATE_OR_CANCEL = "ImmediateOrCancel"
    INSUFFICIENT_FUNDS = "InsufficientFunds"
    INSUFFICIENT_LIQUIDITY = "InsufficientLiquidity"
    INSUFFICIENT_MARGIN = "InsufficientMargin"
    MAX_STOP_ORDERS = "MaxStopOrdersPerPosition"
    POST_ONLY_TAKER = "PostOnlyTaker"
    PRICE_IMPACT = "PriceImpact"
    PRICE_OUT_OF_BOUNDS = "PriceOutOfBounds"
    REDUCE_ONLY = "ReduceOnlyNotReduced"
    SELF_TRADE = "SelfTradePrevention"
    STOP_WITHOUT_POSITION = "StopWithoutPosition"


class Role(Enum):
    """What an order is for, as the exchange can see it; only the ledger tells it."""

    ENTRY = "entry"
    EXIT = "exit"  # reduce-only
    STOP = "stop"  # came out of a trigger


@dataclass(frozen=True, slots=True)
class TriggerQuantity:
    """How much a trigger orders: lots, or a share of the position when it fires (text kept as it was sent)."""

    text: str
    lots: int | None = None
    percent: Decimal | None = None

    def resolve(self, position_lots: int) -> int:
        """Return the lots for a position of so many lots (absolute)."""
        if self.lots is not None:
            return self.lots
        assert self.percent is not None
        return int(position_lots * self.percent / 100)


@dataclass(frozen=True, slots=True)
class AttachedStop:
    """A stop-loss or take-profit that travels inside an entry order."""

    trigger_ticks: int
    reference: Reference | None
    limit_ticks: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """An order on the market's grid, checked against the market but not against the book."""

    side: Side
    order_type: OrderType
    lots: int | None = None
    price_ticks: int | None = None
    quote: int | None = None  # units of money, market orders only
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool | None = None
    self_trade: SelfTrade = SelfTrade.REJECT_TAKER
    client_id: int | None = None
    trigger_ticks: int | None = None
    trigger_quantity: TriggerQuantity | None = None
    trigger_by: Reference | None = None
    stop_loss: AttachedStop | None = None
    take_profit: AttachedStop | None = None
    related_id: int | None = None


@dataclass(slots=True, eq=False)
class Order:
    """An order at the exchange. `ahead` is the recorded quantity that stands in the queue before it."""

    id: int
    account: Account
    market: Market
    request: OrderRequest
    role: Role
    created_us: int
    status: Status
    lots: int  # what remains plus what is filled; 0 while a trigger waits
    filled: int = 0
    filled_value: int = 0
    quote_estimate: int | None = None
    ahead: int = 0
    expiry: Expiry | None = None
    triggered_us: int | None = None
    ended_us: int | None = None
    trigger_quantity: TriggerQuantity | None = None
    fires_rising: bool = False
    children: dict[str, Order] = field(default_factory=dict)  # "stop" / "profit" of an entry
    side: Side = field(init=False)
    price_ticks: int = field(init=False)

    def __post_init__(self) -> None:
        self.side = self.request.side
        self.price_ticks = self.request.price_ticks or 0
        self.trigger_quantity = self.trigger_quantity or self.request.trigger_quantity

    @property
    def remaining(self) -> int:
        """Return the lots that are not filled yet."""
        return self.lots - self.filled

    @property
    def is_live(self) -> bool:
        """Return whether the order rests or waits for its trigger."""
        return self.status in LIVE

    @property
    def is_trigger(self) -> bool:
        """Return whether the order is (or was) one that waits for a price."""
        return self.request.trigger_ticks is not None

    @property
    def reduce_only(self) -> bool:
        """Return whether the order may only reduce its position."""
        return bool(self.request.reduce_only)

    @property
    def trigger_reference(self) -> Reference:
        """Return the price that the trigger watches; the last price where the order did not say."""
        return self.request.trigger_by or Reference.LAST
