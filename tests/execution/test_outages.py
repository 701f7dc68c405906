"""Outages: a Redis that is gone or hangs, a cancel that hangs: protection and evaluation go on."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from django.test import override_settings
from redis import Redis
from redis.exceptions import RedisError

from tests.kit.desk import BUDGET_MS, Desk
from tests.kit.outages import Altered, unreachable_redis
from tests.kit.scenes import enter, rest_entry
from tests.kit.steps import step_until, wait_until
from trading.execution import clients
from trading.execution.accounts_worker import AccountsWorker
from trading.execution.liveness import show_accounts_alive
from trading.execution.protection import Protector
from trading.models import Order


@pytest.fixture
def hanging_redis() -> Iterator[Redis]:
    """This process's client of a Redis that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        clients.redis_client.cache_clear()
        with override_settings(REDIS_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}/0"):
            client = clients.redis_client()
        clients.redis_client.cache_clear()
        yield client
        client.close()


@pytest.fixture
def answer() -> Iterator[threading.Event]:
    """Set when an exchange that hangs shall answer."""
    event = threading.Event()
    yield event
    event.set()


def test_without_redis_the_accounts_worker_still_protects(desk: Desk, worker: AccountsWorker) -> None:
    desk.exchange.settings(attached_stops="none")

    def broker_is_gone(_: int) -> None:
        raise ConnectionError

    worker.protect_later = broker_is_gone
    with unreachable_redis() as gone:
        worker.redis = gone
        worker.protector = Protector(redis=gone, keys=desk.keys, exchange=desk.rest, budget_ms=BUDGET_MS, speed=1.0)

        enter(desk, worker)
        step_until(worker, lambda: desk.position().state == "protected")


def test_a_redis_that_hangs_does_not_hold_the_accounts_worker(hanging_redis: Redis) -> None:
    started = time.monotonic()

    with pytest.raises(RedisError):
        show_accounts_alive(hanging_redis, clients.redis_keys(), 0)

    assert time.monotonic() - started < BUDGET_MS / 1_000


def test_a_cancel_that_hangs_does_not_hold_up_the_next_evaluation(
    desk: Desk, worker: AccountsWorker, answer: threading.Event
) -> None:
    rest_entry(desk)
    step_until(worker, lambda: Order.objects.filter(account=desk.alice, status="New").exists())
    asked, answered = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> None:
        asked.set()
        answer.wait(3.0)
        answered.set()

    desk.evaluator.exchange = Altered(desk.rest, cancel_order=hang)
    desk.post_book(bids=10, asks=90)
    desk.evaluate()

    wait_until(asked.is_set)
    assert not answered.is_set()
