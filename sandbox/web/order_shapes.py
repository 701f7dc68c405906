"""The shapes of orders and fills in REST answers."""

from __future__ import annotations

from sandbox.engine.events import Fill
from sandbox.engine.market import MarketSpec
from sandbox.engine.money import money_text
from sandbox.engine.orders import AttachedStop, Order, OrderType
from sandbox.web.times import iso_ms

Shape = dict[str, object]


def order_shape(order: Order) -> Shape:
    """Return an order as POST, GET and DELETE answer it."""
    shape = _shared_shape(order)
    request = order.request
    shape.update(
        createdAt=order.created_us // 1_000,
        reduceOnly=request.reduce_only,
        relatedOrderId=None if request.related_id is None else str(request.related_id),
        triggeredAt=None if order.triggered_us is None else order.triggered_us // 1_000,
    )
    if request.order_type is OrderType.LIMIT:
        shape.update(postOnly=request.post_only, price=order.market.spec.price_trimmed(order.price_ticks))
    else:
        shape.update(quoteQuantity=_optional_money(order.quote_estimate))
    return shape


def order_history_shape(order: Order) -> Shape:
    """Return an order as the history has it."""
    shape = _shared_shape(order)
    request = order.request
    spec = order.market.spec
    is_limit = request.order_type is OrderType.LIMIT
    value = spec.value(order.price_ticks, order.lots) if is_limit else order.quote_estimate
    shape.update(
        createdAt=iso_ms(order.created_us),
        expiryReason=None if order.expiry is None else order.expiry.value,
        postOnly=request.post_only,
        price=spec.price_trimmed(order.price_ticks) if is_limit else None,
        quoteQuantity=_optional_money(value),
        slippageTolerance=None,
        slippageToleranceType=None,
        systemOrderType=None,
    )
    return shape


def fill_shape(fill: Fill) -> Shape:
    """Return a fill as the history has it; its clientId is text."""
    order = fill.order
    spec = order.market.spec
    client_id = order.request.client_id
    return {
        "clientId": None if client_id is None else str(client_id),
        "fee": money_text(fill.fee),
        "feeSymbol": fill.fee_asset,
        "isMaker": fill.is_maker,
        "orderId": str(order.id),
        "price": spec.price_trimmed(fill.price_ticks),
        "quantity": spec.quantity_trimmed(fill.lots),
        "side": order.side.wire,
        "symbol": spec.symbol,
        "systemOrderType": None,
        "timestamp": iso_ms(fill.at_us),
        "tradeId": fill.trade_id,
    }


def _shared_shape(order: Order) -> Shape:
    request = order.request
    spec = order.market.spec
    shape: Shape = {
        "clientId": request.client_id,
        "executedQuantity": spec.quantity_trimmed(order.filled),
        "executedQuoteQuantity": money_text(order.filled_value),
        "id": str(order.id),
        "orderType": request.order_type.value,
        "quantity": spec.quantity_trimmed(order.lots),
        "selfTradePrevention": request.self_trade.value,
        "side": order.side.wire,
        "status": order.status.value,
        "strategyId": None,
        "symbol": spec.symbol,
        "timeInForce": request.time_in_force.value,
        "triggerBy": None if request.trigger_by is None else request.trigger_by.value,
        "triggerPrice": None if request.trigger_ticks is None else spec.price_trimmed(request.trigger_ticks),
        "triggerQuantity": None if order.trigger_quantity is None else order.trigger_quantity.text,
    }
    shape.update(_attached_shape(spec, "stopLoss", request.stop_loss))
    shape.update(_attached_shape(spec, "takeProfit", request.take_profit))
    return shape


def _attached_shape(spec: MarketSpec, name: str, stop: AttachedStop | None) -> Shape:
    shape: Shape = {f"{name}LimitPrice": None, f"{name}TriggerBy": None, f"{name}TriggerPrice": None}
    if stop is None:
        return shape
    shape[f"{name}TriggerPrice"] = spec.price_trimmed(stop.trigger_ticks)
    if stop.reference is not None:
        shape[f"{name}TriggerBy"] = stop.reference.value
    if stop.limit_ticks is not None:
        shape[f"{name}LimitPrice"] = spec.price_trimmed(stop.limit_ticks)
    return shape


def _optional_money(units: int | None) -> str | None:
    return None if units is None else money_text(units)
