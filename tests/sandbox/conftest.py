"""Fixtures of the sandbox's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_local import LocalExchange, running_exchange
from sandbox_script import Script


@pytest.fixture
def script() -> Script:
    """A book of 10.00 lots at 99.99 and 100.01, one tick apart levels behind."""
    made = Script()
    made.snapshot({9_999: 1_000, 9_998: 1_000, 9_997: 1_000}, {10_001: 1_000, 10_002: 1_000, 10_003: 1_000})
    return made


@pytest.fixture
def local() -> Iterator[LocalExchange]:
    """A served exchange with the same book, on clocks that stand still."""
    with running_exchange() as running:
        yield running
