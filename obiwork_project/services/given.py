"""Checks the servers that the environment names, so that a wrong address is one line and no stack trace."""

from __future__ import annotations

from urllib.parse import urlsplit

import psycopg
import redis

from obiwork_project.services.errors import ServiceRefused

_TIMEOUT_S = 5
_POSTGRES_SCHEMES = ("postgres", "postgresql")


def check_database(url: str) -> None:
    """Connect once. Raises: ServiceRefused with one line that names no password."""
    if urlsplit(url).scheme not in _POSTGRES_SCHEMES:
        raise ServiceRefused("DATABASE_URL is no PostgreSQL address (postgres://user:password@host:port/name)")
    try:
        psycopg.connect(url, connect_timeout=_TIMEOUT_S).close()
    except psycopg.Error as error:
        raise ServiceRefused(f"DATABASE_URL does not answer: {_one_line(error)}") from error


def check_redis(url: str) -> None:
    """Ping once. Raises: ServiceRefused with one line that names no password."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=_TIMEOUT_S, socket_timeout=_TIMEOUT_S) as client:
            client.ping()
    except ValueError as error:  # the address does not parse
        raise ServiceRefused("REDIS_URL is no Redis address (redis://host:port/0 or unix:///path?db=0)") from error
    except redis.RedisError as error:
        raise ServiceRefused(f"REDIS_URL does not answer: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
