"""Connections that a process keeps: Redis, the signer and the exchange."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts.models import ExchangeAccount
from signer.client import SignerClient
from trading.board.keys import Keys
from trading.exchange.backpack.rest import BackpackRest
from trading.exchange.ports import Credentials
from trading.execution.errors import NotConfigured

REDIS_TIMEOUT_S = 0.5


@cache
def redis_client() -> Redis:
    """Return this process's Redis connection pool; values come as bytes.

    A Redis that hangs must not hold up protection, so it has half a second, once.
    """
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=REDIS_TIMEOUT_S,
        socket_connect_timeout=REDIS_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


@cache
def redis_keys() -> Keys:
    """Return the names of the keys that feed and workers share."""
    return Keys(prefix=settings.REDIS_KEY_PREFIX)


@cache
def signer_client() -> SignerClient:
    """Return this process's connection to the signer. Raises: NotConfigured without SIGNER_SOCKET."""
    if not settings.SIGNER_SOCKET:
        raise NotConfigured("SIGNER_SOCKET is not set: give the path of the signer's unix socket")
    return SignerClient(settings.SIGNER_SOCKET)


@cache
def exchange_client() -> BackpackRest:
    """Return this process's REST client, whose connections are kept alive per account."""
    return BackpackRest(
        base_url=settings.EXCHANGE_REST_URL,
        signer=signer_client(),
        window_ms=settings.EXCHANGE_WINDOW_MS,
        timeout_s=settings.EXCHANGE_TIMEOUT_S,
    )


def credentials_of(account: ExchangeAccount) -> Credentials:
    """Return what the signer needs to sign for an account; the secret in it stays sealed."""
    return Credentials(account_id=account.pk, context=account.seal_context, sealed=account.sealed_secret)
