"""REST: history, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from aiohttp import web

from sandbox.engine.accounts import Account
from sandbox.web import params
from sandbox.web.account_shapes import position_history_shape
from sandbox.web.desk import DESK, answer
from sandbox.web.order_shapes import fill_shape, order_history_shape

routes = web.RouteTableDef()

_MAX_PAGE = 1_000
T = TypeVar("T")


@routes.get("/wapi/v1/history/orders")
async def orders(request: web.Request) -> web.Response:
    """List orders, live ones included; there is no filter by time or client id."""
    query, account = _asked(request, "orderHistoryQueryAll")
    rows = [
        order
        for order in account.orders.values()
        if query.get("symbol") in (None, order.market.spec.symbol) and query.get("orderId") in (None, str(order.id))
    ]
    page, headers = _page(rows, query)
    return answer([order_history_shape(order) for order in page], headers=headers)


@routes.get("/wapi/v1/history/fills")
async def fills(request: web.Request) -> web.Response:
    """List fills; `from` counts in, `to` does not (ms of market time)."""
    query, account = _asked(request, "fillHistoryQueryAll")
    first_us = params.whole(query, "from", default=0) * 1_000
    end_us = params.whole(query, "to", default=2**53) * 1_000
    rows = [
        fill
        for fill in account.fills
        if first_us <= fill.at_us < end_us
        and query.get("symbol") in (None, fill.order.market.spec.symbol)
        and query.get("orderId") in (None, str(fill.order.id))
        and query.get("fillType") in (None, "User")
    ]
    page, headers = _page(rows, query)
    return answer([fill_shape(fill) for fill in page], headers=headers)


@routes.get("/wapi/v1/history/position")
async def positions(request: web.Request) -> web.Response:
    """List positions, closed and open ones."""
    query, account = _asked(request, "positionHistoryQueryAll")
    rows = [
        position
        for position in [*account.closed_positions, *account.positions.values()]
        if query.get("symbol") in (None, position.market.spec.symbol)
        and query.get("state") in (None, "Open" if position.closed_us is None else "Closed")
    ]
    page, headers = _page(rows, query)
    return answer([position_history_shape(position) for position in page], headers=headers)


def _asked(request: web.Request, instruction: str) -> tuple[dict[str, str], Account]:
    desk = request.app[DESK]
    query = params.query_dict(request.query)
    params.enum_text(query, "sortDirection", kind="SortDirection", allowed=("Asc", "Desc"))
    account = desk.authenticate(request, instruction, query)
    desk.advance()
    return query, account


def _page(rows: Sequence[T], query: dict[str, str]) -> tuple[Sequence[T], dict[str, str]]:
    """Return one page of rows that are given oldest first, newest first unless asked otherwise, and its headers."""
    limit = params.whole(query, "limit", default=100, least=1, most=_MAX_PAGE)
    offset = params.whole(query, "offset", default=0)
    ordered = rows if query.get("sortDirection") == "Asc" else rows[::-1]
    headers = {
        "X-Current-Page": str(offset // limit + 1),
        "X-Page-Count": str(-(-len(rows) // limit)),
        "X-Page-Size": str(limit),
        "X-Total": str(len(rows)),
    }
    return ordered[offset : offset + limit], headers
