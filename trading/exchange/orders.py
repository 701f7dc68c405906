"""Orders: what is asked of an exchange, what it answers, and what became of a send.

Prices and quantities are exact Decimals; times carry their unit in the name. What an exchange does not say is
None, never a zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal, NamedTuple

from trading.core.units import Side
from trading.exchange.errors import ExchangeUnavailable, ImpossibleOrder, OrderOutcomeUnknown, OrderRejected
from trading.exchange.render import decimal_text

OrderType = Literal["Limit", "Market"]
TimeInForce = Literal["GTC", "IOC", "FOK"]
TriggerBy = Literal["MarkPrice", "LastPrice", "IndexPrice"]
SelfTradePrevention = Literal["RejectTaker", "RejectMaker", "RejectBoth"]
RestingKind = Literal["RestingLimitOrder", "ConditionalOrder"]

MAX_CLIENT_ID = 2**32 - 1

SIGNER_REFUSED = "SIGNER_REFUSED"  # code of a Rejected that the signer's policy stopped before it left
TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"  # code of a Rejected that was one too many


class Credentials(NamedTuple):
    """An exchange account as the platform knows it: the API secret stays sealed."""

    account_id: int
    context: str
    sealed: str

    def __repr__(self) -> str:
        return f"Credentials(account_id={self.account_id})"  # what is logged by mistake is at least short


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """An order to place. Contradictions cannot be built.

    `trigger_price` and `trigger_quantity` make it a conditional order (with Market: a stop-market order);
    `stop_loss_*` attaches a stop to the order itself.

    Units:  prices in quote per base, quantities in base, client_id a uint32.
    Raises: ImpossibleOrder.
    """

    symbol: str
    side: Side
    order_type: OrderType
    client_id: int
    quantity: Decimal | None = None
    price: Decimal | None = None
    post_only: bool = False
    reduce_only: bool = False
    time_in_force: TimeInForce | None = None
    self_trade_prevention: SelfTradePrevention = "RejectTaker"
    trigger_price: Decimal | None = None
    trigger_quantity: Decimal | None = None
    trigger_by: TriggerBy | None = None
    stop_loss_trigger_price: Decimal | None = None
    stop_loss_trigger_by: TriggerBy | None = None
    signed_at_ms: int | None = None  # the time that it is signed for, its window counts from there; None: now

    def __post_init__(self) -> None:
        for wrong, why in (
            (not self.symbol, "an order names its market"),
            (not 0 <= self.client_id <= MAX_CLIENT_ID, "the client id is a uint32"),
            ((self.order_type == "Limit") != (self.price is not None), "a price, for limit orders only"),
            ((self.trigger_price is None) != (self.trigger_quantity is None), "half a trigger"),
            (self.quantity is None and self.trigger_quantity is None, "no quantity"),
            (self.trigger_by is not None and self.trigger_price is None, "trigger_by without a trigger"),
            (self.stop_loss_trigger_by is not None and self.stop_loss_trigger_price is None, "no stop price"),
            (self.post_only and self.order_type != "Limit", "only a limit order can be post-only"),
            (self.post_only and self.time_in_force in ("IOC", "FOK"), "a post-only order has to rest"),
            (not all(map(_is_positive, self._amounts())), "an amount that is not positive"),
        ):
            if wrong:
                raise ImpossibleOrder(f"{why}: {self}")

    def _amounts(self) -> tuple[Decimal | None, ...]:
        return (
            self.price,
            self.quantity,
            self.trigger_price,
            self.trigger_quantity,
            self.stop_loss_trigger_price,
        )

    def to_params(self) -> dict[str, str | int | bool]:
        """Return the order in the exchange's words: amounts as text, absent fields left out.

        `reduceOnly` is sent where it is true only: spot markets do not know it.
        """
        params: dict[str, str | int | bool] = {
            "symbol": self.symbol,
            "side": self.side.value,
            "orderType": self.order_type,
            "clientId": self.client_id,
            "selfTradePrevention": self.self_trade_prevention,
        }
        for name, amount in (
            ("price", self.price),
            ("quantity", self.quantity),
            ("triggerPrice", self.trigger_price),
            ("triggerQuantity", self.trigger_quantity),
            ("stopLossTriggerPrice", self.stop_loss_trigger_price),
        ):
            if amount is not None:
                params[name] = decimal_text(amount)
        for name, word in (
            ("timeInForce", self.time_in_force),
            ("triggerBy", self.trigger_by),
            ("stopLossTriggerBy", self.stop_loss_trigger_by),
        ):
            if word is not None:
                params[name] = word
        if self.post_only:
            params["postOnly"] = True
        if self.reduce_only:
            params["reduceOnly"] = True
        return params


def _is_positive(amount: Decimal | None) -> bool:
    return amount is None or (amount.is_finite() and amount > 0)


class OrderStatus(StrEnum):
    """Where an order stands; the values are the exchange's words."""

    NEW = "New"
    PARTIALLY_FILLED = "PartiallyFilled"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    EXPIRED = "Expired"
    TRIGGER_PENDING = "TriggerPending"
    TRIGGERED = "Triggered"  # the parent of an order that its trigger has placed
    TRIGGER_FAILED = "TriggerFailed"

    @property
    def is_open(self) -> bool:
        """Return whether the order can still do something."""
        return self in (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.TRIGGER_PENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeOrder:
    """An order as the exchange reports it.

    `reduce_only` and `related_order_id` are None in rows of the history, which do not say. A trigger quantity
    is either absolute (`trigger_quantity`) or a percentage of the position (`trigger_percent`).
    """

    exchange_id: str
    client_id: int | None
    symbol: str
    side: Side
    order_type: OrderType
    status: OrderStatus
    price: Decimal | None
    quantity: Decimal | None
    executed_quantity: Decimal
    executed_quote_quantity: Decimal
    post_only: bool
    reduce_only: bool | None
    trigger_price: Decimal | None
    trigger_quantity: Decimal | None
    trigger_percent: Decimal | None
    trigger_by: str | None
    stop_loss_trigger_price: Decimal | None
    related_order_id: str | None
    expiry_reason: str | None
    created_at_ms: int

    @property
    def is_conditional(self) -> bool:
        """Return whether the order waits, or has waited, for a trigger."""
        return self.trigger_price is not None

    @property
    def average_price(self) -> Decimal | None:
        """Return quote over base of what was executed; None before the first fill."""
        if not self.executed_quantity:
            return None
        return self.executed_quote_quantity / self.executed_quantity


class Placed(NamedTuple):
    """The exchange has answered with the order.

    Units: our wall clock; sent_ns when the request's bytes were handed to the socket.
    """

    order: ExchangeOrder
    sent_ns: int
    answered_ns: int


class Rejected(NamedTuple):
    """The order does not exist; resending it unchanged is useless. sent_ns is None where it never left."""

    code: str
    message: str
    sent_ns: int | None

    @property
    def is_rate_limited(self) -> bool:
        """Return whether the order was refused for being one request too many: it may be sent again later."""
        return self.code == TOO_MANY_REQUESTS


class Unavailable(NamedTuple):
    """The order never left this machine; it may be sent again."""

    reason: str


class OutcomeUnknown(NamedTuple):
    """The order left, and nobody knows whether it exists: look it up, never resend."""

    reason: str
    sent_ns: int


Outcome = Placed | Rejected | Unavailable | OutcomeUnknown


def require_placed(outcome: Outcome) -> Placed:
    """Return the outcome of an order that was placed.

    Raises: OrderRejected, ExchangeUnavailable, OrderOutcomeUnknown.
    """
    if isinstance(outcome, Placed):
        return outcome
    if isinstance(outcome, Rejected):
        raise OrderRejected(outcome.code, outcome.message)
    if isinstance(outcome, Unavailable):
        raise ExchangeUnavailable(outcome.reason)
    raise OrderOutcomeUnknown(outcome.reason, sent_ns=outcome.sent_ns)
