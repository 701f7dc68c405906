"""The environment: the one place that reads environment variables for Django."""

from __future__ import annotations

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()


def celery_broker_url(redis_url: str) -> str:
    """Return the form of a Redis address that Celery and Flower take.

    redis-py writes a unix socket as ``unix:///path?db=0``, Kombu as ``redis+socket:///path?virtual_host=0``.
    """
    if not redis_url.startswith("unix://"):
        return redis_url
    path, _, query = redis_url.removeprefix("unix://").partition("?")
    database = query.removeprefix("db=") or "0"
    return f"redis+socket://{path}?virtual_host={database}"
