"""The pytest plugin: one set of servers for all workers, none left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.platform.processes import family, survivors, wait_for_file

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "obiwork_project.services.testing", "-p", "no:django")
SUITE = """
import os, pathlib, pytest, psycopg, redis

@pytest.mark.parametrize("number", range(4))
def test_one(number, tmp_path):
    psycopg.connect(os.environ["DATABASE_URL"]).close()
    assert redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
    pathlib.Path(__file__).with_name(f"seen-{number}").write_text(os.environ["DATABASE_URL"])
"""
ENDLESS = """
import pathlib, time

def test_endless():
    pathlib.Path(__file__).with_name("started").write_text("yes")
    time.sleep(60)
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Return an empty folder with a pytest configuration of its own."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


@pytest.fixture
def outer(environ: dict[str, str]) -> dict[str, str]:
    """Return an environment that does not say that we may be a worker ourselves."""
    return {name: value for name, value in environ.items() if not name.startswith("PYTEST_")}


def test_parallel_workers_share_one_database(suite: Path, outer: dict[str, str]) -> None:
    (suite / "test_suite.py").write_text(SUITE)
    subprocess.run([*PYTEST, "-n", "2"], cwd=suite, env=outer, check=True, stdout=subprocess.DEVNULL)
    seen = {file.read_text() for file in suite.glob("seen-*")}
    assert len(list(suite.glob("seen-*"))) == 4
    assert len(seen) == 1


def test_nothing_is_left_after_pytest_was_killed(suite: Path, outer: dict[str, str]) -> None:
    (suite / "test_endless.py").write_text(ENDLESS)
    process = subprocess.Popen([*PYTEST, "-n", "1"], cwd=suite, env=outer, stdout=subprocess.DEVNULL)
    wait_for_file(suite / "started")
    servers = {one for one in family(process.pid) if not _is_python(one.pid)}
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(servers) > 2
    assert survivors(servers, within_s=10) == set()


def test_a_database_that_refuses_ends_pytest_with_one_line(suite: Path, outer: dict[str, str]) -> None:
    refusing = outer | {"DATABASE_URL": "postgres://alice@127.0.0.1:1/x"}
    done = subprocess.run(PYTEST, cwd=suite, env=refusing, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert done.stderr.strip().startswith("ERROR: DATABASE_URL does not answer: ")
    assert done.stderr.strip().count("\n") == 0


def _is_python(pid: int) -> bool:
    """Tell pytest's own processes, whose end is pytest's business, from the servers."""
    return "python" in os.readlink(f"/proc/{pid}/exe")
