"""Our own PostgreSQL: one private unix socket, and a role that row-level security binds.

Who may connect is decided by the kernel (`peer`): only the operating system user who started the services, as
the superuser `postgres` or as the role `obiwork`. There are no passwords and no TCP port.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from obiwork_project.services.binaries import PostgresPrograms
from obiwork_project.services.errors import BadRunFolder, ServerFailed
from obiwork_project.services.folders import Folders, give_to
from obiwork_project.supervisor import Child, ProbeReady
from obiwork_project.supervisor.watchdog import process_state

ROLE = "obiwork"
DATABASE = "obiwork"
_SUPERUSER = "postgres"
_IDENT_MAP = "obiwork"
_INITDB_TIMEOUT_S = 120
_LEFTOVER_TIMEOUT_S = 10.0
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# What a crash of the machine may lose in a test run is lost gladly; never elsewhere.
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def stored_major(data: Path) -> int | None:
    """Return the version that wrote a data folder, or None where there is no complete one."""
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def initialise(programs: PostgresPrograms, folders: Folders, *, durable: bool) -> None:
    """Create the data folder and say who may connect. Raises: ServerFailed, BadRunFolder."""
    data = folders.postgres_data
    if data.exists():
        raise BadRunFolder(f"{data} exists and holds no complete database: remove it")
    give_to(data, folders.account)
    account = folders.account
    try:
        subprocess.run(
            [
                *(programs.folder / "initdb", "--pgdata", data, "--username", _SUPERUSER),
                *("--locale=C.UTF-8", "--encoding=UTF8", "--auth=reject"),
                *(() if durable else ("--no-sync",)),
            ],
            check=True,
            capture_output=True,
            text=True,
            timeout=_INITDB_TIMEOUT_S,
            cwd="/",
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
        )
    except subprocess.CalledProcessError as error:
        raise ServerFailed(f"initdb failed: {' '.join(error.stderr.split())}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise ServerFailed(f"initdb failed: {error}") from error
    user = pwd.getpwuid(os.geteuid()).pw_name  # initdb itself refuses a user that has no name
    (data / "pg_hba.conf").write_text(f"local all all peer map={_IDENT_MAP}\n")
    (data / "pg_ident.conf").write_text("".join(f'{_IDENT_MAP} "{user}" {role}\n' for role in (_SUPERUSER, ROLE)))


def end_leftover(data: Path) -> None:
    """Stop a server that still runs on this folder; we hold the folder's lock, so nobody else owns it.

    Raises: BadRunFolder if it does not end.
    """
    pid = _postmaster_pid(data)
    if pid is None:
        return
    deadline = time.monotonic() + _LEFTOVER_TIMEOUT_S
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
    while process_state(pid) is not None:
        if time.monotonic() > deadline:
            raise BadRunFolder(f"a PostgreSQL of an earlier run (process {pid}) does not leave {data}")
        time.sleep(0.05)


def postgres_child(programs: PostgresPrograms, folders: Folders, *, durable: bool) -> Child:
    """Return the server as a child to supervise; SIGINT is its fast stop, which waits for no client."""
    settings = _SETTINGS if durable else _SETTINGS | _NOT_DURABLE
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return Child(
        name="postgres",
        argv=(
            str(programs.folder / "postgres"),
            *("-D", str(folders.postgres_data), "-k", str(folders.postgres_sockets)),
            *options,
        ),
        cwd=Path("/"),
        account=folders.account,
        ready=ProbeReady(lambda: _answers(folders.postgres_sockets)),
        stop_signal=signal.SIGINT,
        stop_timeout_s=6.0,
        orphan_signal=signal.SIGINT,
    )


def create_role_and_database(folders: Folders) -> None:
    """Create what the application connects with: bound by row-level security, owner of its database."""
    with _superuser(folders.postgres_sockets) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
            role = sql.Identifier(ROLE)
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOBYPASSRLS").format(role)
            )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(ROLE))
            )


def database_url(folders: Folders) -> str:
    """Return the address as the role `obiwork`.

    The socket's folder is a query parameter, which libpq and django-environ both understand; django-environ
    0.14 does not decode a percent-encoded host.
    """
    return f"postgres://{ROLE}@/{DATABASE}?host={quote(str(folders.postgres_sockets), safe='/')}"


def _superuser(sockets: Path) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(host=str(sockets), user=_SUPERUSER, dbname="postgres", autocommit=True, connect_timeout=5)


def _answers(sockets: Path) -> bool:
    if not any(sockets.glob(".s.PGSQL.*")):
        return False
    try:
        _superuser(sockets).close()
    except psycopg.OperationalError:  # "the database system is starting up"
        return False
    return True


def _postmaster_pid(data: Path) -> int | None:
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        cwd = Path(f"/proc/{pid}/cwd").readlink()  # the number may have been given to another process since
    except (OSError, ValueError, IndexError):
        return None
    return pid if cwd == data else None
