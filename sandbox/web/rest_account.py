"""REST: balances, positions and account settings."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from aiohttp import web

from sandbox.errors import Refused
from sandbox.web import params
from sandbox.web.account_shapes import account_shape, capital_shape, collateral_shape, position_shape
from sandbox.web.desk import DESK, answer
from sandbox.web.params import Payload

routes = web.RouteTableDef()

_MAX_LEVERAGE = 75


@routes.get("/api/v1/capital")
async def capital(request: web.Request) -> web.Response:
    """Show the balances."""
    account = request.app[DESK].authenticate(request, "balanceQuery", params.query_dict(request.query))
    return answer(capital_shape(account))


@routes.get("/api/v1/capital/collateral")
async def collateral(request: web.Request) -> web.Response:
    """Show equity and margin."""
    desk = request.app[DESK]
    account = desk.authenticate(request, "collateralQuery", params.query_dict(request.query))
    desk.advance()
    return answer(collateral_shape(desk.exchange.venue, account))


@routes.get("/api/v1/position")
async def position(request: web.Request) -> web.Response:
    """List the open positions, none when flat."""
    desk = request.app[DESK]
    query = params.query_dict(request.query)
    account = desk.authenticate(request, "positionQuery", query)
    desk.advance()
    wanted = query.get("symbol")
    return answer([position_shape(p) for symbol, p in account.positions.items() if wanted in (None, symbol)])


@routes.get("/api/v1/account")
async def show_account(request: web.Request) -> web.Response:
    """Show the account's settings."""
    account = request.app[DESK].authenticate(request, "accountQuery", params.query_dict(request.query))
    return answer(account_shape(account))


@routes.patch("/api/v1/account")
async def change_account(request: web.Request) -> web.Response:
    """Change the account's settings; the answer is empty."""
    payload = Payload(params.json_body(await request.read()), "UpdateAccountSettingsRequest")
    leverage = payload.text("leverageLimit")
    flags = {name: payload.flag(name) for name in ("autoLend", "autoBorrowSettlements", "autoRepayBorrows")}
    account = request.app[DESK].authenticate(request, "accountUpdate", payload.fields)
    if leverage is not None:
        account.leverage_limit = _leverage(leverage)
    for name, value in flags.items():
        if value is not None:
            attribute = {"autoLend": "auto_lend", "autoBorrowSettlements": "auto_borrow_settlements"}.get(
                name, "auto_repay_borrows"
            )
            setattr(account, attribute, value)
    return web.Response(status=200)


def _leverage(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise Refused.client("Invalid leverage limit") from error
    if not 1 <= value <= _MAX_LEVERAGE:
        raise Refused("MAX_LEVERAGE_REACHED", "Invalid leverage limit")
    return value
