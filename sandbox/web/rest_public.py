"""REST: system and market data."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice

from aiohttp import web

from sandbox.engine.candles import MINUTE_US, Candle, candle_of, merge
from sandbox.engine.venue import Market
from sandbox.errors import ParseRefused
from sandbox.web import params
from sandbox.web.desk import DESK, answer
from sandbox.web.market_shapes import (
    candle_shape,
    depth_shape,
    mark_price_shape,
    market_shape,
    market_type,
    ticker_shape,
    trade_shape,
)

routes = web.RouteTableDef()

_DEPTH_LIMITS = ("5", "10", "20", "50", "100", "500", "1000")
_SECOND_US = 1_000_000
_INTERVAL_MINUTES = {
    "1m": 1,
    "3m": 3,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "2h": 120,
    "4h": 240,
    "6h": 360,
    "8h": 480,
    "12h": 720,
    "1d": 1_440,
    "3d": 4_320,
    "1w": 10_080,
    "1month": 43_200,
}
_WINDOW_MINUTES = {"1d": 1_440, "1w": 10_080}
_MAX_CANDLES = 10_000


@routes.get("/api/v1/status")
async def status(_request: web.Request) -> web.Response:
    """Say that the exchange is open."""
    return answer({"message": None, "status": "Ok"})


@routes.get("/api/v1/ping")
async def ping(_request: web.Request) -> web.Response:
    """Answer pong, as text."""
    return web.Response(text="pong")


@routes.get("/api/v1/time")
async def time(request: web.Request) -> web.Response:
    """Answer wall time in ms, as text."""
    return web.Response(text=str(request.app[DESK].clock.wall_ms()))


@routes.get("/api/v1/markets")
async def markets(request: web.Request) -> web.Response:
    """List the markets, of the types asked for."""
    wanted = request.query.getall("marketType", [])
    found = request.app[DESK].markets()
    return answer([market_shape(m.spec) for m in found if not wanted or market_type(m.spec) in wanted])


@routes.get("/api/v1/market")
async def market(request: web.Request) -> web.Response:
    """Show one market."""
    return answer(market_shape(_market(request).spec))


@routes.get("/api/v1/depth")
async def depth(request: web.Request) -> web.Response:
    """Show the book; both sides ascend."""
    found = _market(request)
    limit = params.enum_text(request.query, "limit", kind="DepthLimit", allowed=_DEPTH_LIMITS)
    request.app[DESK].advance()
    return answer(depth_shape(found, limit=int(limit or "1000")))


@routes.get("/api/v1/trades")
async def trades(request: web.Request) -> web.Response:
    """List the latest trades, newest first."""
    return _trades(request, offset=0)


@routes.get("/api/v1/trades/history")
async def trades_history(request: web.Request) -> web.Response:
    """List trades, newest first, from an offset."""
    return _trades(request, offset=params.whole(request.query, "offset", default=0))


@routes.get("/api/v1/markPrices")
async def mark_prices(request: web.Request) -> web.Response:
    """List mark prices; always an array, of perpetuals unless asked otherwise."""
    desk = request.app[DESK]
    desk.advance()
    symbol = request.query.get("symbol")
    wanted = request.query.getall("marketType", ["PERP"])
    found = [_market(request)] if symbol is not None else desk.markets()
    shapes = [
        mark_price_shape(m, now_us=desk.exchange.venue.now_us)
        for m in found
        if (symbol is not None or market_type(m.spec) in wanted) and m.mark_ticks is not None
    ]
    return answer(shapes)


@routes.get("/api/v1/ticker")
async def ticker(request: web.Request) -> web.Response:
    """Show one market's ticker, or nothing where it has not traded."""
    shapes = _tickers(request, [_market(request)])
    return answer(shapes[0]) if shapes else web.Response(status=204)


@routes.get("/api/v1/tickers")
async def tickers(request: web.Request) -> web.Response:
    """Show the tickers of all markets that have traded."""
    return answer(_tickers(request, request.app[DESK].markets()))


@routes.get("/api/v1/klines")
async def klines(request: web.Request) -> web.Response:
    """List candles of the exchange's own trades; times are asked for in seconds."""
    found = _market(request)
    kind = "KlineInterval"
    params.required(request.query, "interval", kind)
    interval = params.enum_text(request.query, "interval", kind=kind, allowed=("1s", *_INTERVAL_MINUTES))
    params.required(request.query, "startTime", "integer_int64")
    start_us = params.whole(request.query, "startTime", default=0) * _SECOND_US
    desk = request.app[DESK]
    desk.advance()
    now_s = desk.exchange.venue.now_us // _SECOND_US
    end_us = params.whole(request.query, "endTime", default=now_s) * _SECOND_US
    length_us = _SECOND_US if interval == "1s" else _INTERVAL_MINUTES[interval or "1m"] * MINUTE_US
    return answer(_candles(found, start_us=start_us, end_us=end_us, length_us=length_us))


@routes.get("/api/v1/openInterest")
async def open_interest(request: web.Request) -> web.Response:
    """List open interest: what the accounts of this exchange hold long."""
    desk = request.app[DESK]
    found = [_market(request)] if "symbol" in request.query else desk.markets()
    return answer(
        [
            {
                "openInterest": _open_interest(request, m),
                "symbol": m.spec.symbol,
                "timestamp": desk.exchange.venue.now_us // 1_000,
            }
            for m in found
        ]
    )


@routes.get("/api/v1/fundingRates")
async def funding_rates(request: web.Request) -> web.Response:
    """List funding rates: none have been settled yet."""
    params.required(request.query, "symbol")
    headers = {"X-Current-Page": "1", "X-Page-Count": "0", "X-Page-Size": "100", "X-Total": "0"}
    return answer([], headers=headers)


def _market(request: web.Request) -> Market:
    symbol = params.required(request.query, "symbol", "MarketSymbol")
    found = request.app[DESK].exchange.venue.markets.get(symbol)
    if found is None:
        raise ParseRefused('failed to parse parameter `symbol`: failed to parse "MarketSymbol": Invalid market symbol')
    return found


def _trades(request: web.Request, *, offset: int) -> web.Response:
    found = _market(request)
    limit = params.whole(request.query, "limit", default=100, most=1_000)
    request.app[DESK].advance()
    chosen = islice(reversed(found.trades), offset, offset + limit)
    return answer([trade_shape(found.spec, trade) for trade in chosen])


def _tickers(request: web.Request, chosen: list[Market]) -> list[dict[str, object]]:
    allowed = tuple(_WINDOW_MINUTES)
    interval = params.enum_text(request.query, "interval", kind="TickerInterval", allowed=allowed) or "1d"
    desk = request.app[DESK]
    desk.advance()
    since_us = desk.exchange.venue.now_us - _WINDOW_MINUTES[interval] * MINUTE_US
    candles = [(market, market.candles.since(since_us)) for market in chosen]
    return [ticker_shape(market.spec, candle) for market, candle in candles if candle is not None]


def _candles(market: Market, *, start_us: int, end_us: int, length_us: int) -> list[dict[str, object]]:
    start_us -= start_us % length_us
    if (end_us - start_us) // length_us > _MAX_CANDLES:
        raise ParseRefused("failed to parse parameter `startTime`: too many candles")
    parts: dict[int, list[Candle]] = defaultdict(list)
    for candle in market.candles.minutes if length_us >= MINUTE_US else map(candle_of, market.trades):
        parts[candle.start_us - candle.start_us % length_us].append(candle)
    return [
        candle_shape(market.spec, merge(parts[start]), start_us=start, end_us=start + length_us)
        for start in range(start_us, end_us, length_us)
    ]


def _open_interest(request: web.Request, market: Market) -> str | None:
    if not market.spec.is_perp:
        return None
    accounts = request.app[DESK].exchange.venue.accounts.values()
    return market.spec.quantity_trimmed(sum(max(0, account.position_lots(market)) for account in accounts))
