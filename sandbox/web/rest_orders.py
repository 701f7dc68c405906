"""REST: orders."""

from __future__ import annotations

from enum import Enum

from aiohttp import web

from sandbox.engine.accounts import Account
from sandbox.engine.orders import OrderRequest
from sandbox.engine.venue import Market
from sandbox.errors import ParseRefused, Refused
from sandbox.web import params
from sandbox.web.desk import DESK, answer
from sandbox.web.order_payload import OrderPayload
from sandbox.web.order_shapes import Shape, order_shape
from sandbox.web.params import Payload

routes = web.RouteTableDef()

MAX_BATCH = 50


class _Kind(Enum):
    RESTING = "RestingLimitOrder"
    CONDITIONAL = "ConditionalOrder"


@routes.post("/api/v1/order")
async def place_order(request: web.Request) -> web.Response:
    """Take one order."""
    desk = request.app[DESK]
    payload = OrderPayload(params.json_body(await request.read()), desk.exchange.venue.markets)
    account = desk.authenticate(request, "orderExecute", payload.fields)
    order_request = payload.request()
    desk.advance()
    return answer(order_shape(desk.exchange.place(account, payload.market, order_request)))


@routes.post("/api/v1/orders")
async def place_orders(request: web.Request) -> web.Response:
    """Take a batch: all of it must be valid, then each order succeeds or fails for itself."""
    desk = request.app[DESK]
    body = params.json_body(await request.read())
    if not isinstance(body, list):
        raise ParseRefused('parse request payload error: Expected input type "[OrderExecutePayload]", found an object.')
    payloads = [OrderPayload(value, desk.exchange.venue.markets) for value in body]
    account = desk.authenticate(request, "orderExecute", [payload.fields for payload in payloads])
    if not 1 <= len(payloads) <= MAX_BATCH:
        raise Refused.client(f"A batch must have 1 to {MAX_BATCH} orders")
    requests = [(payload.market, payload.request()) for payload in payloads]
    desk.advance()
    return answer([_place_one(request, account, market, wanted) for market, wanted in requests])


@routes.get("/api/v1/order")
async def show_order(request: web.Request) -> web.Response:
    """Show a live order; anything that does not rest or wait is not found."""
    desk = request.app[DESK]
    query = params.query_dict(request.query)
    market = _query_market(request, query)
    order_id, client_id = _ids(query)
    account = desk.authenticate(request, "orderQuery", query)
    _check_ids(order_id, client_id)
    desk.advance()
    order = desk.exchange.find_live(account, market, order_id=order_id, client_id=client_id)
    if order is None:
        raise Refused.not_found()
    return answer(order_shape(order))


@routes.get("/api/v1/orders")
async def show_orders(request: web.Request) -> web.Response:
    """List live orders, waiting triggers included."""
    desk = request.app[DESK]
    query = params.query_dict(request.query)
    chosen = _query_market(request, query) if "symbol" in query else None
    account = desk.authenticate(request, "orderQueryAll", query)
    desk.advance()
    return answer([order_shape(order) for order in account.live.values() if chosen is None or order.market is chosen])


@routes.delete("/api/v1/order")
async def cancel_order(request: web.Request) -> web.Response:
    """Cancel one order."""
    desk = request.app[DESK]
    payload = Payload(params.json_body(await request.read()), "OrderCancelPayload")
    market = _body_market(request, payload)
    order_id, client_id = _ids(payload.fields)
    account = desk.authenticate(request, "orderCancel", payload.fields)
    _check_ids(order_id, client_id)
    desk.advance()
    return answer(order_shape(desk.exchange.cancel(account, market, order_id=order_id, client_id=client_id)))


@routes.delete("/api/v1/orders")
async def cancel_orders(request: web.Request) -> web.Response:
    """Cancel all orders of a market, or one kind of them.

    Whether waiting triggers go too when no kind is named is not documented; here they do.
    """
    desk = request.app[DESK]
    payload = Payload(params.json_body(await request.read()), "OrderCancelAllPayload")
    market = _body_market(request, payload)
    kind = payload.choice("orderType", _Kind, kind="CancelOrderTypeEnum")
    account = desk.authenticate(request, "orderCancelAll", payload.fields)
    desk.advance()
    cancelled = desk.exchange.cancel_all(
        account, market, resting=kind is not _Kind.CONDITIONAL, waiting=kind is not _Kind.RESTING
    )
    return answer([order_shape(order) for order in cancelled])


def _place_one(request: web.Request, account: Account, market: Market, wanted: OrderRequest) -> Shape:
    try:
        order = request.app[DESK].exchange.place(account, market, wanted)
    except Refused as refusal:
        return {"code": refusal.code, "message": refusal.message, "operation": "Err"}
    return {**order_shape(order), "operation": "Ok"}


def _query_market(request: web.Request, query: dict[str, str]) -> Market:
    symbol = params.required(query, "symbol", "MarketSymbol")
    found = request.app[DESK].exchange.venue.markets.get(symbol)
    if found is None:
        raise ParseRefused('failed to parse parameter `symbol`: failed to parse "MarketSymbol": Invalid market symbol')
    return found


def _body_market(request: web.Request, payload: Payload) -> Market:
    symbol = payload.text("symbol")
    payload.require(symbol, kind="MarketSymbol")
    found = request.app[DESK].exchange.venue.markets.get(symbol or "")
    if found is None:
        raise payload.refuse('failed to parse "MarketSymbol": Invalid market symbol')
    return found


def _ids(fields: dict[str, object] | dict[str, str]) -> tuple[int | None, int | None]:
    return _id(fields.get("orderId")), _id(fields.get("clientId"))


def _id(value: object) -> int | None:
    """Numbers and digits are both taken; clients send either. Raises: Refused for anything else."""
    if value is None:
        return None
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()):
        raise Refused.client("Invalid order id")
    return int(text)


def _check_ids(order_id: int | None, client_id: int | None) -> None:
    if (order_id is None) == (client_id is None):
        raise Refused.client("Must specify either `orderId` or `clientId`")
