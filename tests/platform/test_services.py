"""The embedded services with real servers, in this process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from kombu.connection import Connection as BrokerConnection
from psycopg.conninfo import conninfo_to_dict

from obiwork_project.services import Services, embedded_services
from obiwork_project.services.errors import AlreadyRunning, ServiceRefused
from obiwork_project.services.folders import can_reach, run_folders
from obiwork_project.services.given import check_database, check_redis
from obiwork_project.services.testing import redis_url_of_worker
from obiwork_project.supervisor import Account
from tests.platform.conftest import nameless_environ, private_run_dir

_BIND = """
CREATE TABLE secret (owner text);
INSERT INTO secret VALUES ('alice'), ('bob');
ALTER TABLE secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON secret USING (owner = current_setting('test.owner'));
SET test.owner = 'alice';
"""
# In a process of its own, because this one's settings are those of the test suite.
_ASK_THROUGH_DJANGO = """
import environ
from django.conf import settings
settings.configure(DATABASES={"default": environ.Env().db("DATABASE_URL")})
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT current_user, current_database()")
    print(*cursor.fetchone())
"""


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Services, Path]]:
    """Return services that several tests share, and their run folder."""
    with private_run_dir() as run_dir, embedded_services(run_dir, environ=nameless_environ()) as services:
        yield services, run_dir


def test_every_library_that_we_use_understands_the_addresses(
    running: tuple[Services, Path], environ: dict[str, str]
) -> None:
    services, _ = running
    with psycopg.connect(services.database_url) as connection:
        by_psycopg = connection.execute("SELECT current_user, current_database()").fetchone()
    by_django = subprocess.run(
        [sys.executable, "-c", _ASK_THROUGH_DJANGO],
        env=environ | services.environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    with redis.Redis.from_url(services.redis_url) as client:
        pong = client.ping()
    with BrokerConnection(services.broker_url) as broker:  # type: ignore[no-untyped-call]
        broker.connect()
        is_connected = broker.connected
    assert by_psycopg == ("obiwork", "obiwork")
    assert by_django == "obiwork obiwork\n"
    assert pong is True
    assert is_connected


def test_the_role_is_bound_by_row_level_security_and_may_create_databases(
    running: tuple[Services, Path],
) -> None:
    services, _ = running
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(_BIND)
        seen = connection.execute("SELECT owner FROM secret").fetchall()
        connection.execute("CREATE DATABASE one_more")
        rights = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert seen == [("alice",)]
    assert rights == (False, False, False)


def test_money_is_durable_unless_a_test_says_otherwise(running: tuple[Services, Path]) -> None:
    services, _ = running
    with psycopg.connect(services.database_url) as connection:
        rows = connection.execute(
            "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')"
        ).fetchall()
    assert {str(name): setting for name, setting in rows} == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
    }


def test_a_run_folder_has_one_owner_at_a_time(running: tuple[Services, Path], environ: dict[str, str]) -> None:
    _, run_dir = running
    with (
        pytest.raises(AlreadyRunning, match="is in use by another process"),
        embedded_services(run_dir, environ=environ),
    ):
        pass


def test_given_addresses_are_used_as_they_are(
    running: tuple[Services, Path], run_dir: Path, environ: dict[str, str]
) -> None:
    own, _ = running
    with embedded_services(run_dir, environ=environ | own.environment()) as given:
        pass
    assert given.environment() == own.environment()
    assert _has_table(own) is False  # still running
    assert not (run_dir / "postgres").exists()


def test_sockets_are_private_and_gone_afterwards(run_dir: Path, environ: dict[str, str]) -> None:
    with embedded_services(run_dir, environ=environ, durable=False) as services:
        database = Path(str(conninfo_to_dict(services.database_url)["host"]))
        folders = [services.sockets, database]
        modes = [folder.stat().st_mode & 0o777 for folder in folders]
    assert modes == [0o700, 0o700]
    assert not any(folder.exists() for folder in folders)


def test_kept_state_is_there_again_and_fresh_state_is_not(run_dir: Path, environ: dict[str, str]) -> None:
    with embedded_services(run_dir, environ=environ, durable=False) as services:
        _make_table(services)
    with embedded_services(run_dir, environ=environ, durable=False, fresh=False) as services:
        kept = _has_table(services)
    with embedded_services(run_dir, environ=environ, durable=False, fresh=True) as services:
        after_fresh = _has_table(services)
    assert (kept, after_fresh) == (True, False)


def test_a_temporary_folder_with_a_long_name_is_avoided_for_sockets(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = run_dir.parent / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with run_folders(run_dir) as folders:
        lengths = [len(str(folder / ".s.PGSQL.5432")) for folder in (folders.sockets, folders.postgres_sockets)]
    assert max(lengths) < 107


def test_a_private_parent_keeps_another_user_out_and_stays_private(run_dir: Path) -> None:
    somebody = Account("somebody", uid=os.geteuid() + 1, gid=os.getegid() + 1)
    closed = run_dir.parent / "closed"
    closed.mkdir(mode=0o700)
    assert can_reach(run_dir.parent, somebody)
    assert not can_reach(closed, somebody)
    assert can_reach(closed, None)
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_database_that_refuses_is_one_line_without_the_password(host: str) -> None:
    with pytest.raises(ServiceRefused) as caught:
        check_database(f"postgres://alice:hush@{host}:1/obiwork")
    line = str(caught.value)
    assert line.startswith("DATABASE_URL does not answer: ")
    assert "hush" not in line
    assert "\n" not in line


@pytest.mark.parametrize("url", ["sqlite:///x", "nonsense", "mysql://a@b/c"])
def test_an_address_of_another_database_is_refused(url: str) -> None:
    with pytest.raises(ServiceRefused, match="is no PostgreSQL address"):
        check_database(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://:hush@127.0.0.1:1/0", "does not answer"),
        ("unix:///nowhere.sock?db=0", "does not answer"),
        ("http://127.0.0.1", "is no Redis address"),
    ],
)
def test_a_redis_that_refuses_is_one_line_without_the_password(url: str, said: str) -> None:
    with pytest.raises(ServiceRefused, match=said) as caught:
        check_redis(url)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "of_worker"),
    [
        ("unix:///tmp/a/redis.sock?db=0", "unix:///tmp/a/redis.sock?db=3"),
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/3"),
        ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379/3"),
        ("redis://:pw@host:1/5?timeout=2", "redis://:pw@host:1/3?timeout=2"),
    ],
)
def test_each_parallel_worker_gets_a_redis_database_of_its_own(url: str, of_worker: str) -> None:
    assert redis_url_of_worker(url, worker="gw2") == of_worker


def test_the_environment_of_the_process_is_the_default(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "DATABASE_URL", "sqlite:///x")
    with pytest.raises(ServiceRefused), embedded_services(run_dir):
        pass


def _make_table(services: Services) -> None:
    with psycopg.connect(services.database_url) as connection:
        connection.execute("CREATE TABLE kept (id int)")


def _has_table(services: Services) -> bool:
    with psycopg.connect(services.database_url) as connection:
        return connection.execute("SELECT to_regclass('kept')").fetchone() != (None,)
