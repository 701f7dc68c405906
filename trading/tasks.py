"""Tasks: translate a message into one call of execution."""

from __future__ import annotations

from functools import cache
from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings

from trading.execution.clients import exchange_client, redis_client, redis_keys
from trading.execution.evaluate import Evaluator
from trading.execution.protection import Protector
from trading.execution.warm_up import warm_up

HOT_QUEUE, PROTECT_QUEUE = "hot.", "protect"


@cache
def evaluator() -> Evaluator:
    """Return this worker's evaluator."""
    return Evaluator(redis=redis_client(), keys=redis_keys(), exchange=exchange_client(), speed=settings.MARKET_SPEED)


@cache
def protector() -> Protector:
    """Return this worker's protector."""
    return Protector(
        redis=redis_client(),
        keys=redis_keys(),
        exchange=exchange_client(),
        budget_ms=settings.NAKED_BUDGET_MS,
        speed=settings.MARKET_SPEED,
    )


@shared_task(name="trading.evaluate_market", expires=1)  # s: one that nobody took in time is a different market
def evaluate_market(*, symbol: str, shard: int) -> None:
    """Decide and trade for one shard on the newest book. Delivering it twice is harmless."""
    evaluator().evaluate(symbol=symbol, shard=shard)


@shared_task(name="trading.protect_position")  # never expires: a position that is naked stays naked
def protect_position(*, position_id: int) -> None:
    """Put a stop under what a position lacks, or close it. Delivering it twice is harmless."""
    protector().protect(position_id)


@worker_ready.connect
def open_connections(sender: Any, **_: object) -> None:
    """Have a worker open the connections that its tasks need before the first of them."""
    for queue in sender.app.amqp.queues.consume_from:
        if queue.startswith(HOT_QUEUE):
            warm_up(shard=int(queue.removeprefix(HOT_QUEUE)))
        elif queue == PROTECT_QUEUE:
            warm_up(shard=None)
