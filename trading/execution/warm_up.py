"""Warm-up: a worker opens its connections before the first order needs them."""

from __future__ import annotations

import logging

from django.db import connection

from accounts.models import ExchangeAccount
from signer.errors import SignerError
from trading.execution.clients import credentials_of, exchange_client, redis_client, signer_client

log = logging.getLogger(__name__)


def warm_up(*, shard: int | None) -> int:
    """Connect to the database, Redis, the signer, and the exchange for each account of a shard (None: of all).

    Returns how many accounts are connected. What cannot be reached is logged and tried again when it is needed.
    """
    connection.ensure_connection()
    redis_client().ping()
    try:
        signer_client().ping()
    except SignerError as error:
        log.warning("signer_not_warmed_up error=%s", error)
    accounts = ExchangeAccount.objects.filter(is_active=True).select_related("customer")
    if shard is not None:
        accounts = accounts.filter(shard=shard)
    connected = exchange_client().warm_up([credentials_of(account) for account in accounts])
    log.info("warmed_up shard=%s accounts=%s", shard, connected)
    return connected
