"""A signer in a process of its own, accounts sealed by it, servers that misbehave, and a client of both."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wire_server import Script, WireServer

from signer.client import SignerClient
from tests.kit.signing import signer_process
from trading.exchange.backpack.rest import BackpackRest
from trading.exchange.orders import Credentials

NOW_MS = 1_788_285_243_978


@pytest.fixture(scope="session")
def signer_socket() -> Iterator[Path]:
    """The socket of a running signer."""
    with signer_process() as path:
        yield path


@pytest.fixture(scope="session")
def accounts(signer_socket: Path) -> list[Credentials]:
    """Forty accounts, their secrets sealed."""
    client = SignerClient(signer_socket)
    credentials = []
    for number in range(1, 41):
        context = f"alice|accounts.ExchangeAccount.secret|{number}"
        secret = base64.b64encode(bytes([number]) * 32).decode()
        credentials.append(Credentials(number, context, client.seal(secret, context).sealed))
    client.close()
    return credentials


@pytest.fixture
def alice(accounts: list[Credentials]) -> Credentials:
    """One account."""
    return accounts[0]


@pytest.fixture
def serve() -> Iterator[Callable[[Script], WireServer]]:
    """Start servers that end with the test."""
    servers: list[WireServer] = []

    def start(script: Script) -> WireServer:
        servers.append(WireServer(script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def connect(signer_socket: Path) -> Iterator[Callable[..., BackpackRest]]:
    """Make clients that are closed with the test."""
    clients: list[BackpackRest] = []

    def make(base_url: str, *, timeout_s: float = 2.0, signer: SignerClient | None = None, **more: str) -> BackpackRest:
        clients.append(
            BackpackRest(
                base_url=base_url,
                signer=signer or SignerClient(signer_socket),
                timeout_s=timeout_s,
                clock_ms=lambda: NOW_MS,
                **more,
            )
        )
        return clients[-1]

    yield make
    for client in clients:
        client.close()
