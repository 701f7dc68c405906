"""ASGI entry point: one server for the demo, which hands everything to the WSGI application."""

from __future__ import annotations

from a2wsgi import WSGIMiddleware

from obiwork_project.wsgi import application as wsgi_application

application = WSGIMiddleware(wsgi_application, workers=4)  # type: ignore[arg-type]  # a response is iterable
