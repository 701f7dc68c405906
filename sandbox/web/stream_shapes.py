"""The shapes of messages on private streams; keys sort when they are rendered."""

from __future__ import annotations

from sandbox.engine import margin
from sandbox.engine.accounts import Account
from sandbox.engine.events import Fill, OrderEvent, PositionEvent
from sandbox.engine.market import MarketSpec
from sandbox.engine.money import MONEY_DECIMALS, ceil_div, fixed_text, money_text
from sandbox.engine.orders import AttachedStop, Order, OrderType
from sandbox.engine.positions import Position
from sandbox.web.account_shapes import break_even_price, entry_price, plain, ratios

Shape = dict[str, object]


def order_update(event: OrderEvent, order: Order, fill: Fill | None, *, engine_us: int, emitted_us: int) -> Shape:
    """Return what account.orderUpdate says. The type is upper case here, `t` is null without a fill."""
    spec, request = order.market.spec, order.request
    shape: Shape = {
        "E": emitted_us,
        "O": "USER",
        "S": order.side.wire,
        "T": engine_us,
        "V": request.self_trade.value,
        "X": order.status.value,
        "Z": _value(spec, order.filled_value),
        "e": event.value,
        "f": request.time_in_force.value,
        "i": str(order.id),
        "o": request.order_type.value.upper(),
        "q": _quantity(spec, order.lots),
        "r": order.reduce_only,
        "s": spec.symbol,
        "t": None,
        "z": _quantity(spec, order.filled),
    }
    if request.order_type is OrderType.LIMIT:
        shape.update(p=spec.price_text(order.price_ticks), y=request.post_only)
        if order.lots:
            shape["Q"] = _value(spec, spec.value(order.price_ticks, order.lots))
    elif order.quote_estimate is not None:
        shape["Q"] = _estimate(spec, order.quote_estimate)
    if request.client_id is not None:
        shape["c"] = request.client_id
    if request.related_id is not None:
        shape["I"] = str(request.related_id)
    if order.expiry is not None:
        shape["R"] = order.expiry.value
    _add_trigger(shape, order)
    _add_attached(shape, spec, request.take_profit, keys=("a", "j", "d"))
    _add_attached(shape, spec, request.stop_loss, keys=("b", "k", "g"))
    if fill is not None:
        shape.update(
            L=spec.price_text(fill.price_ticks),
            N=fill.fee_asset,
            l=spec.quantity_text(fill.lots),
            m=fill.is_maker,
            n=money_text(fill.fee),
            t=fill.trade_id,
        )
    return shape


def position_update(event: PositionEvent | None, position: Position, *, engine_us: int, emitted_us: int) -> Shape:
    """Return what account.positionUpdate says; without an event it is the message on subscribing."""
    market, spec = position.market, position.market.spec
    exposure = position.account.exposure_lots(market)
    imf, mmf = ratios(position)
    shape: Shape = {
        "B": plain(entry_price(position)),
        "E": emitted_us,
        "M": "0" if market.mark_ticks is None else spec.price_text(market.mark_ticks),
        "P": money_text(position.unrealised(), decimals=6),
        "Q": spec.quantity_text(exposure),
        "T": engine_us,
        "b": plain(break_even_price(position)),
        "f": imf,
        "i": position.id,
        "l": "0",
        "m": mmf,
        "n": money_text(margin.notional(market, exposure)),
        "p": money_text(position.realised, decimals=6),
        "q": spec.quantity_text(position.lots),
        "s": spec.symbol,
    }
    if event is not None:
        shape["e"] = event.value
    return shape


def balance_update(account: Account, asset: str, *, engine_us: int, emitted_us: int) -> Shape:
    """Return what account.balanceUpdate says."""
    return {
        "A": money_text(account.available(asset)),
        "E": emitted_us,
        "L": money_text(account.locked(asset)),
        "S": "0",
        "T": engine_us,
        "a": asset,
        "e": "balanceUpdate",
    }


def _add_trigger(shape: Shape, order: Order) -> None:
    request = order.request
    if request.trigger_ticks is None or order.trigger_quantity is None:
        return
    spec = order.market.spec
    shape["P"] = spec.price_text(request.trigger_ticks)
    lots = order.trigger_quantity.lots
    shape["Y"] = order.trigger_quantity.text if lots is None else spec.quantity_text(lots)
    if request.trigger_by is not None:
        shape["B"] = request.trigger_by.value


def _add_attached(shape: Shape, spec: MarketSpec, stop: AttachedStop | None, *, keys: tuple[str, str, str]) -> None:
    if stop is None:
        return
    price, limit, reference = keys
    shape[price] = spec.price_text(stop.trigger_ticks)
    if stop.limit_ticks is not None:
        shape[limit] = spec.price_text(stop.limit_ticks)
    if stop.reference is not None:
        shape[reference] = stop.reference.value


def _quantity(spec: MarketSpec, lots: int) -> str:
    """Zero has no decimals here, as recorded; everything else keeps the market's scale."""
    return spec.quantity_text(lots) if lots else "0"


def _value(spec: MarketSpec, units: int) -> str:
    decimals = spec.price_decimals + spec.quantity_decimals
    return fixed_text(units // 10 ** (MONEY_DECIMALS - decimals), decimals) if units else "0"


def _estimate(spec: MarketSpec, units: int) -> str:
    return fixed_text(ceil_div(units, 10 ** (MONEY_DECIMALS - spec.price_decimals)), spec.price_decimals)
