"""The server: one port of the loopback address for REST and streams."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence

from aiohttp import web
from aiohttp.typedefs import Middleware

from sandbox.clock import Clock
from sandbox.engine.exchange import Exchange
from sandbox.engine.market import MarketSpec
from sandbox.errors import CannotStart
from sandbox.settings import Settings
from sandbox.web import rest_account, rest_history, rest_orders, rest_public, rest_sandbox, sockets
from sandbox.web.desk import DESK, Desk
from sandbox.web.failures import refusals
from sandbox.web.hub import Hub
from sandbox.web.publisher import Publisher

HOST = "127.0.0.1"
_MAX_BODY = 1024 * 1024
_IDLE_CONNECTION_S = 600.0


def open_desk(
    specs: Iterable[MarketSpec], accounts: Sequence[str], *, clock: Clock, settings: Settings | None = None
) -> Desk:
    """Return a fresh exchange with its streams; accounts are named by their API keys."""
    hub = Hub()
    publisher = Publisher(hub, clock)
    exchange = Exchange(specs, accounts, start_us=clock.market_us(), settings=settings, listener=publisher)
    publisher.attach(exchange.venue)
    return Desk(exchange, clock, hub, publisher)


def make_app(desk: Desk, *, faults: Sequence[Middleware] = ()) -> web.Application:
    """Return the application that serves a desk; `faults` stand between the client and every handler."""
    app = web.Application(middlewares=[*faults, refusals], client_max_size=_MAX_BODY)
    app[DESK] = desk
    for module in (rest_public, rest_orders, rest_account, rest_history, rest_sandbox, sockets):
        app.add_routes(module.routes)
    app.on_shutdown.append(_close_streams)
    return app


async def _close_streams(app: web.Application) -> None:
    app[DESK].hub.close()


def bind(port: int) -> socket.socket:
    """Return a listening socket on a port of the loopback address, 0 for a free one. Raises: CannotStart."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise CannotStart(f"port {port} of {HOST} cannot be used: {error.strerror}") from error
    return listener


async def serve(app: web.Application, listener: socket.socket) -> web.AppRunner:
    """Start serving; the caller cleans the runner up."""
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, shutdown_timeout=1.0, keepalive_timeout=_IDLE_CONNECTION_S
    )
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner
