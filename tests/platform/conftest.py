"""Folders for servers that the tests start and kill, and an environment that names none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
_ADDRESSES = {"DATABASE_URL", "REDIS_URL"}


@contextmanager
def private_run_dir() -> Iterator[Path]:
    """Make a run folder that the database's user can reach, which pytest's own 0700 folders are not."""
    with tempfile.TemporaryDirectory(prefix="obi-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "run"


def nameless_environ() -> dict[str, str]:
    """Return the environment without addresses, and with the repository importable."""
    unnamed = {name: value for name, value in os.environ.items() if name not in _ADDRESSES}
    return unnamed | {"PYTHONPATH": str(REPOSITORY)}


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """Return a run folder of this test's own."""
    with private_run_dir() as folder:
        yield folder


@pytest.fixture
def environ() -> dict[str, str]:
    """Return an environment that names no servers."""
    return nameless_environ()
