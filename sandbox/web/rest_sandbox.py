"""REST that the real exchange does not have: the ledger and the switches."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum

from aiohttp import web

from sandbox.errors import Refused
from sandbox.settings import AttachedStops, DuplicateClientIds, Settings
from sandbox.web import params
from sandbox.web.desk import DESK, answer
from sandbox.web.ledger import ledger_shape

routes = web.RouteTableDef()

_WORDS: dict[str, type[Enum]] = {"attached_stops": AttachedStops, "duplicate_client_ids": DuplicateClientIds}


@routes.get("/sandbox/ledger")
async def ledger(request: web.Request) -> web.Response:
    """Show the exchange's own truth about every account, or about those named by `account`; counts are of all."""
    desk = request.app[DESK]
    desk.advance()
    return answer(ledger_shape(desk.exchange.venue, chosen=request.query.getall("account", [])))


@routes.post("/sandbox/settings")
async def change_settings(request: web.Request) -> web.Response:
    """Change switches while the exchange runs; answer all of them."""
    settings = request.app[DESK].exchange.venue.settings
    body = params.json_body(await request.read())
    if not isinstance(body, dict):
        raise Refused.client("settings must be an object")
    changes = {name: _setting(name, value) for name, value in body.items()}
    for name, value in changes.items():
        setattr(settings, name, value)
    return answer({field.name: _plain(getattr(settings, field.name)) for field in fields(Settings)})


def _setting(name: str, value: object) -> object:
    words = _WORDS.get(name)
    if words is not None:
        try:
            return words(value)
        except ValueError as error:
            allowed = ", ".join(str(word.value) for word in words)
            raise Refused.client(f"{name} must be one of {allowed}") from error
    if name not in {field.name for field in fields(Settings)}:
        raise Refused.client(f"there is no setting {name}")
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Refused.client(f"{name} must be a whole number of at least 1")
    return value


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value
