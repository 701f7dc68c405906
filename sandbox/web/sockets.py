"""The WebSocket endpoint: subscribing, unsubscribing and keep-alive."""

from __future__ import annotations

import asyncio
import re
from typing import cast

import orjson
from aiohttp import WSMsgType, web

from sandbox.engine.accounts import Account
from sandbox.errors import Refused
from sandbox.web import auth
from sandbox.web.desk import DESK, Desk
from sandbox.web.hub import Connection, Wire, text_frame
from sandbox.web.market_streams import AGGREGATED_MS

routes = web.RouteTableDef()

INVALID_SIGNATURE = (4003, "Invalid signature")
INVALID_STREAM = (4006, "Invalid stream")
_DEPTHS = "|".join(f"{interval}ms\\." for interval in AGGREGATED_MS)
_KLINES = "1s|1m|3m|5m|15m|30m|1h|2h|4h|6h|8h|12h|1d|3d|1w|1month"
_PUBLIC = re.compile(
    rf"(?:depth\.(?:{_DEPTHS})?|(?:trade|bookTicker|markPrice|ticker|openInterest)\.|kline\.(?:{_KLINES})\.)(\w+)"
)
_PRIVATE = re.compile(r"account\.(?:orderUpdate|positionUpdate|rfqUpdate)(?:\.(\w+))?|account\.balanceUpdate")
_SIGNATURE_PARTS = 4
_MAX_MESSAGE = 256 * 1024


@routes.get("/")
async def streams(request: web.Request) -> web.StreamResponse:
    """Serve one client's streams until it goes, or stays silent for too long."""
    socket = web.WebSocketResponse(autoping=False, max_msg_size=_MAX_MESSAGE, compress=False)
    if not socket.can_prepare(request):
        return web.Response(status=404)
    await socket.prepare(request)
    desk = request.app[DESK]
    connection = Connection(cast(Wire, request.transport), asyncio.get_running_loop())
    desk.hub.join(connection)
    keeper = asyncio.create_task(_keep_alive(desk, socket, connection))
    try:
        await _receive(desk, socket, connection)
    finally:
        keeper.cancel()
        desk.hub.leave(connection)
    return socket


async def _receive(desk: Desk, socket: web.WebSocketResponse, connection: Connection) -> None:
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            _handle(desk, connection, message.data)
        elif message.type is WSMsgType.PING:
            await socket.pong(message.data)
        elif message.type is WSMsgType.PONG:
            connection.heard_at = asyncio.get_running_loop().time()


async def _keep_alive(desk: Desk, socket: web.WebSocketResponse, connection: Connection) -> None:
    interval_s, silence_s = desk.pings_s
    loop = asyncio.get_running_loop()
    connection.heard_at = loop.time()
    while True:
        await asyncio.sleep(interval_s)
        if loop.time() - connection.heard_at > silence_s:
            connection.drop()
            return
        await socket.ping()


def _handle(desk: Desk, connection: Connection, text: str) -> None:
    """Act on a client's frame. A success is not acknowledged; a failure is one error frame, and nothing is done."""
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        _refuse(connection, INVALID_STREAM)
        return
    names = frame.get("params") if isinstance(frame, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        _refuse(connection, INVALID_STREAM)
        return
    if frame.get("method") == "UNSUBSCRIBE":
        for name in names:
            desk.hub.unsubscribe(connection, name)
    elif frame.get("method") == "SUBSCRIBE":
        _subscribe(desk, connection, names, frame.get("signature"))
    else:
        _refuse(connection, INVALID_STREAM)


def _subscribe(desk: Desk, connection: Connection, names: list[str], signature: object) -> None:
    if not all(_is_stream(desk, name) for name in names):
        _refuse(connection, INVALID_STREAM)
        return
    account: Account | None = None
    if signature is not None or any(_is_private(name) for name in names):
        account = _signer(desk, signature)
        if account is None:
            _refuse(connection, INVALID_SIGNATURE)
            return
    desk.advance()
    for name in names:
        _join(desk, connection, name, account if _is_private(name) else None)


def _join(desk: Desk, connection: Connection, name: str, account: Account | None) -> None:
    topic = desk.hub.topic(name, account="" if account is None else account.name)
    if not desk.hub.subscribe(connection, topic) or account is None:
        return
    if name.startswith("account.positionUpdate"):
        _send_positions(desk, connection, name, account)


def _send_positions(desk: Desk, connection: Connection, name: str, account: Account) -> None:
    """Send one message per open position, without an event type."""
    wanted = name.removeprefix("account.positionUpdate").removeprefix(".")
    for symbol, position in account.positions.items():
        if wanted in ("", symbol):
            data = desk.publisher.position_message(None, position)
            frame = orjson.dumps({"data": data, "stream": name}, option=orjson.OPT_SORT_KEYS)
            connection.push(text_frame(frame))


def _signer(desk: Desk, signature: object) -> Account | None:
    if not isinstance(signature, list) or len(signature) != _SIGNATURE_PARTS:
        return None
    if not all(isinstance(part, str) for part in signature):
        return None
    claim = auth.Claim(*signature)
    venue = desk.exchange.venue
    try:
        return auth.check(claim, "subscribe", {}, accounts=venue.accounts, wall_ms=desk.clock.wall_ms())
    except Refused:
        return None


def _is_stream(desk: Desk, name: str) -> bool:
    if name == "liquidation":
        return True
    found = _PUBLIC.fullmatch(name) or _PRIVATE.fullmatch(name)
    if found is None:
        return False
    symbol = found.group(1)
    return symbol is None or symbol in desk.exchange.venue.markets


def _is_private(name: str) -> bool:
    return name.startswith("account.")


def _refuse(connection: Connection, reason: tuple[int, str]) -> None:
    code, message = reason
    error = {"id": None, "error": {"code": code, "message": message}}
    connection.push(text_frame(orjson.dumps(error)))
