"""Fixtures of the execution's tests: a real exchange, signer, Redis and database."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from signer.client import SignerClient
from tests.kit.desk import Desk
from tests.kit.exchange import HandMovedExchange, hand_moved_exchange, pairs
from tests.kit.signing import signer_process
from trading.board.keys import Keys
from trading.exchange.backpack.rest import BackpackRest


@pytest.fixture(scope="session")
def signer_socket() -> Iterator[Path]:
    with signer_process() as path:
        yield path


@pytest.fixture
def exchange() -> Iterator[HandMovedExchange]:
    with hand_moved_exchange(pairs(2)) as running:
        yield running


@pytest.fixture
def keys() -> Keys:
    return Keys(prefix=f"test-{uuid.uuid4().hex}")


@pytest.fixture
def desk(transactional_db: None, exchange: HandMovedExchange, signer_socket: Path, keys: Keys) -> Iterator[Desk]:
    """Alice, who has a bot, and Bob, who trades by hand."""
    signer = SignerClient(signer_socket)
    rest = BackpackRest(base_url=exchange.rest, signer=signer)
    with Redis.from_url(os.environ["REDIS_URL"]) as redis:
        made = Desk(exchange=exchange, signer=signer, redis=redis, keys=keys, rest=rest)
        yield made
        made.stop.set()
    rest.close()
    signer.close()
