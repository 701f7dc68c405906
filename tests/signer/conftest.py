"""A real signer process, a client of it, and the signing vectors of the shared folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signer.client import SignerClient

REPOSITORY = Path(__file__).parents[2]


class SignerProcess:
    """A signer in a process of its own; everything that it prints is kept."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.socket_path = folder / "run" / "signer.sock"
        self.keys_path = folder / "keys.json"
        self.log_path = folder / "log"
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "signer",
                    "--socket",
                    str(self.socket_path),
                    "--keys",
                    str(self.keys_path),
                    "--create-keys",
                    *arguments,
                ],
                cwd=REPOSITORY,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline().decode()

    def stop(self) -> int:
        """End it as an operator would; return its exit code."""
        self.process.terminate()
        return self.process.wait(10)

    def printed(self) -> str:
        """Return everything that it has printed. Call it after the end."""
        assert self.process.stdout is not None
        return self.first_line + self.process.stdout.read().decode() + self.log_path.read_text()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: the path of a unix socket has 107 characters at most."""
    path = Path(tempfile.mkdtemp(prefix="obi"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def start_signer(folder: Path) -> Iterator[Callable[..., SignerProcess]]:
    """Start signers that end with the test."""
    started: list[SignerProcess] = []

    def start(*arguments: str) -> SignerProcess:
        started.append(SignerProcess(folder, *arguments))
        return started[-1]

    yield start
    for signer in started:
        signer.process.kill()
        signer.process.wait(10)
        assert signer.process.stdout is not None
        signer.process.stdout.close()


@pytest.fixture(scope="session")
def running_signer() -> Iterator[SignerProcess]:
    """One signer for the tests that neither stop nor break it."""
    path = Path(tempfile.mkdtemp(prefix="obi"))
    signer = SignerProcess(path)
    yield signer
    signer.stop()
    assert signer.process.stdout is not None
    signer.process.stdout.close()
    shutil.rmtree(path)


@pytest.fixture
def client(running_signer: SignerProcess) -> Iterator[SignerClient]:
    """A client of the running signer."""
    client = SignerClient(running_signer.socket_path)
    yield client
    client.close()


@pytest.fixture(scope="session")
def shared_vectors() -> dict[str, Any]:
    """The ten vectors of the shared folder."""
    shared = Path(os.environ.get("OBIWORK_SHARED", REPOSITORY.parent / "shared"))
    path = shared / "backpack" / "signing-vectors.json"
    if not path.exists():
        pytest.skip("the shared folder with signing-vectors.json is not here (OBIWORK_SHARED)")
    document: dict[str, Any] = json.loads(path.read_text())
    return document
