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
from tests.kit.lossy import LossyProxy, lossy_proxy
from tests.kit.signing import signer_process
from tests.kit.steps import step_until_watched
from trading.board.keys import Keys
from trading.exchange.backpack.rest import BackpackRest
from trading.execution.accounts_worker import AccountsWorker


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
        made.close()
    rest.close()
    signer.close()


@pytest.fixture
def new_worker(desk: Desk) -> Iterator[AccountsWorker]:
    """The accounts worker before its first step."""
    made = desk.accounts_worker()
    yield made
    made.close()


@pytest.fixture
def worker(new_worker: AccountsWorker) -> AccountsWorker:
    """The accounts worker, its private streams open and both accounts looked up."""
    step_until_watched(new_worker)
    return new_worker


@pytest.fixture
def proxy(desk: Desk) -> Iterator[LossyProxy]:
    """A line to the exchange that can lose what passes through it."""
    with lossy_proxy(desk.exchange.rest) as made:
        yield made


@pytest.fixture
def lossy_rest(desk: Desk, proxy: LossyProxy) -> Iterator[BackpackRest]:
    """A client whose line can lose what passes through it."""
    rest = BackpackRest(base_url=proxy.url, signer=desk.signer)
    yield rest
    rest.close()
