"""The body of an order: parsed, then put on the market's grid."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum

from sandbox.engine.market import MarketSpec
from sandbox.engine.money import money
from sandbox.engine.orders import (
    AttachedStop,
    OrderRequest,
    OrderType,
    Reference,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerQuantity,
)
from sandbox.engine.venue import Market
from sandbox.errors import Refused
from sandbox.web.params import Payload

_KIND = "OrderExecutePayload"
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)%")
_DECIMAL = re.compile(r"\d+(?:\.\d+)?")
_MAX_CLIENT_ID = 2**32 - 1


class _SideWord(Enum):
    BID = "Bid"
    ASK = "Ask"


class OrderPayload:
    """One order as it was sent; parsing is finished when it exists."""

    def __init__(self, value: object, markets: Mapping[str, Market]) -> None:
        """Raises: ParseRefused."""
        payload = Payload(value, _KIND)
        self.fields = payload.fields
        symbol = payload.text("symbol")
        payload.require(symbol, kind="MarketSymbol")
        assert symbol is not None
        if symbol not in markets:
            raise payload.refuse('failed to parse "MarketSymbol": Invalid market symbol')
        self.market = markets[symbol]
        side = payload.choice("side", _SideWord, kind="Side")
        payload.require(side, kind="Side")
        order_type = payload.choice("orderType", OrderType, kind="OrderTypeEnum")
        payload.require(order_type, kind="OrderTypeEnum")
        assert side is not None
        assert order_type is not None
        self.side = Side[side.name]
        self.order_type = order_type
        self.time_in_force = payload.choice("timeInForce", TimeInForce, kind="TimeInForce") or TimeInForce.GTC
        self.self_trade = (
            payload.choice("selfTradePrevention", SelfTrade, kind="SelfTradePrevention") or SelfTrade.REJECT_TAKER
        )
        self.post_only = payload.flag("postOnly") or False
        self.reduce_only = payload.flag("reduceOnly")
        self.client_id = payload.number("clientId", most=_MAX_CLIENT_ID, kind="integer_uint32")
        self.price = _decimal(payload, "price")
        self.quantity = _decimal(payload, "quantity")
        self.quote_quantity = _decimal(payload, "quoteQuantity")
        self.trigger_price = _decimal(payload, "triggerPrice")
        self.trigger_quantity = payload.text("triggerQuantity")
        self.trigger_by = payload.choice("triggerBy", Reference, kind="TriggerBy")
        self.stop_loss = _Attached(payload, "stopLoss")
        self.take_profit = _Attached(payload, "takeProfit")

    def request(self) -> OrderRequest:
        """Return the order on the market's grid. Raises: Refused."""
        spec = self.market.spec
        self._check_trigger()
        self._check_words()
        return OrderRequest(
            side=self.side,
            order_type=self.order_type,
            lots=None if self.quantity is None else _lots(spec, self.quantity),
            price_ticks=self._price_ticks(),
            quote=None if self.quote_quantity is None else money(self.quote_quantity.quantize(Decimal("1e-8"))),
            time_in_force=self.time_in_force,
            post_only=self.post_only,
            reduce_only=self.reduce_only,
            self_trade=self.self_trade,
            client_id=self.client_id,
            trigger_ticks=None if self.trigger_price is None else _ticks(spec, self.trigger_price),
            trigger_quantity=_trigger_quantity(spec, self.trigger_quantity),
            trigger_by=self.trigger_by,
            stop_loss=self.stop_loss.on_grid(spec),
            take_profit=self.take_profit.on_grid(spec),
        )

    def _price_ticks(self) -> int | None:
        if self.order_type is OrderType.MARKET:
            return None
        if self.price is None or self.price <= 0:
            raise Refused.client("Limit orders must specify a positive `price`")
        return _ticks(self.market.spec, self.price)

    def _check_trigger(self) -> None:
        if (self.trigger_price is None) != (self.trigger_quantity is None):
            raise Refused.client("Must specify both `triggerPrice` and `triggerQuantity` or neither")
        if self.trigger_price is not None:
            return
        if self.order_type is OrderType.LIMIT and self.quantity is None:
            raise Refused.client("Limit orders must specify a positive `quantity`")
        given = [self.quantity, self.quote_quantity]
        if self.order_type is OrderType.MARKET and given.count(None) != 1:
            raise Refused.client("Market orders must specify a positive `quantity` or `quoteQuantity`")

    def _check_words(self) -> None:
        is_limit_gtc = self.order_type is OrderType.LIMIT and self.time_in_force is TimeInForce.GTC
        attached = self.stop_loss.trigger_price or self.take_profit.trigger_price
        futures_only = self.reduce_only or attached is not None
        if (self.post_only and not is_limit_gtc) or (futures_only and not self.market.spec.is_perp):
            raise Refused.order("Invalid order")


class _Attached:
    """The three fields of a stop-loss or take-profit inside an order."""

    def __init__(self, payload: Payload, name: str) -> None:
        self.trigger_price = _decimal(payload, f"{name}TriggerPrice")
        self.limit_price = _decimal(payload, f"{name}LimitPrice")
        self.trigger_by = payload.choice(f"{name}TriggerBy", Reference, kind="TriggerBy")

    def on_grid(self, spec: MarketSpec) -> AttachedStop | None:
        if self.trigger_price is None:
            return None
        limit = None if self.limit_price is None else _ticks(spec, self.limit_price)
        return AttachedStop(_ticks(spec, self.trigger_price), self.trigger_by, limit)


def _decimal(payload: Payload, name: str) -> Decimal | None:
    text = payload.text(name)
    if text is None:
        return None
    if not _DECIMAL.fullmatch(text):
        raise payload.refuse('failed to parse "string_decimal": Invalid decimal')
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise payload.refuse('failed to parse "string_decimal": Invalid decimal') from error


def _ticks(spec: MarketSpec, price: Decimal) -> int:
    ticks = price / spec.tick_size
    if ticks != int(ticks):
        raise Refused.client("Price decimal too long")
    if ticks <= 0:
        raise Refused("INVALID_PRICE", "Invalid price")
    return int(ticks)


def _lots(spec: MarketSpec, quantity: Decimal) -> int:
    lots = quantity / spec.step_size
    if lots != int(lots):
        raise Refused.client("Quantity decimal too long")
    if lots <= 0:
        raise Refused.client("Quantity is below the minimum allowed value")
    return int(lots)


def _trigger_quantity(spec: MarketSpec, text: str | None) -> TriggerQuantity | None:
    if text is None:
        return None
    percent = _PERCENT.fullmatch(text)
    if percent is not None:
        return TriggerQuantity(text, percent=Decimal(percent.group(1)))
    if not _DECIMAL.fullmatch(text):
        raise Refused("INVALID_QUANTITY", "Invalid trigger quantity")
    return TriggerQuantity(text, lots=_lots(spec, Decimal(text)))
