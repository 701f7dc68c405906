"""Outages: an exchange and a Redis that nobody serves, and an exchange some of whose calls the test answers."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from signer.client import SignerClient
from trading.exchange.backpack.rest import BackpackRest


class Altered:
    """An exchange's client, some of whose calls the test answers."""

    def __init__(self, exchange: BackpackRest, **calls: Callable[..., object]) -> None:
        self._exchange, self._calls = exchange, calls

    def __getattr__(self, name: str) -> Any:
        return self._calls[name] if name in self._calls else getattr(self._exchange, name)


@contextmanager
def unreachable_exchange(signer: SignerClient) -> Iterator[BackpackRest]:
    """Give a client whose connections are refused."""
    with _refusing_port() as port:
        rest = BackpackRest(base_url=f"http://127.0.0.1:{port}", signer=signer)
        yield rest
        rest.close()


@contextmanager
def unreachable_redis() -> Iterator[Redis]:
    """Give a client whose connections are refused, and which does not try twice: as ours."""
    with _refusing_port() as port, Redis(port=port, retry=Retry(NoBackoff(), 0)) as redis:
        yield redis


@contextmanager
def _refusing_port() -> Iterator[int]:
    """Hold a port on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
