"""What every handler needs: the exchange, its clock and streams, and who is asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson
from aiohttp import web

from sandbox.clock import Clock
from sandbox.engine.accounts import Account
from sandbox.engine.exchange import Exchange
from sandbox.engine.venue import Market
from sandbox.web import auth
from sandbox.web.hub import Hub
from sandbox.web.publisher import Publisher


@dataclass(slots=True)
class Desk:
    """The open exchange as its handlers see it."""

    exchange: Exchange
    clock: Clock
    hub: Hub
    publisher: Publisher
    pings_s: tuple[float, float] = field(default=(60.0, 120.0))  # interval, silence that closes

    def advance(self) -> None:
        """Bring the exchange to the present; every call that reads or acts does so first."""
        self.exchange.advance(self.clock.market_us())
        self.publisher.tick()

    def authenticate(
        self, request: web.Request, instruction: str, params: auth.Params | Sequence[auth.Params]
    ) -> Account:
        """Return the account that signed a request. Raises: Refused, ParseRefused."""
        return auth.check(
            auth.claim_of(request.headers),
            instruction,
            params,
            accounts=self.exchange.venue.accounts,
            wall_ms=self.clock.wall_ms(),
        )

    def markets(self) -> list[Market]:
        """Return all markets."""
        return list(self.exchange.venue.markets.values())


DESK = web.AppKey("desk", Desk)


def answer(value: object, *, headers: dict[str, str] | None = None, status: int = 200) -> web.Response:
    """Return a JSON answer with its keys in alphabetical order, as the exchange sends them."""
    return web.Response(
        body=orjson.dumps(value, option=orjson.OPT_SORT_KEYS),
        content_type="application/json",
        charset="utf-8",
        headers=headers,
        status=status,
    )
