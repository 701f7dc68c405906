"""Refusals as HTTP answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.errors import ParseRefused, Refused
from sandbox.web.desk import answer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer refusals as the exchange does: JSON with code and message, or plain text for what does not parse."""
    try:
        return await handler(request)
    except ParseRefused as refusal:
        return web.Response(text=str(refusal), status=400)
    except Refused as refusal:
        return answer({"code": refusal.code, "message": refusal.message}, status=refusal.status)
    except web.HTTPNotFound:
        return answer({"code": "RESOURCE_NOT_FOUND", "message": "Not Found"}, status=404)
