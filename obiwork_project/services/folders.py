"""The folders of the services: state in the run folder, sockets in short private ones, one owner."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from obiwork_project.env import BASE_DIR
from obiwork_project.services.errors import AlreadyRunning, BadRunFolder
from obiwork_project.supervisor.spawn import Account, unprivileged_account

_READ_AND_RUN = stat.S_IROTH | stat.S_IXOTH
_SOCKET_PATH_LIMIT_BYTES = 107
_LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"
_SOCKET_FOLDER = "obi-"


class Folders(NamedTuple):
    """Where things lie. `postgres_data` is in the run folder where the database's user can reach that."""

    run: Path
    logs: Path
    sockets: Path  # ours alone: Redis, and other processes' sockets
    postgres_sockets: Path  # belongs to the user that runs PostgreSQL
    postgres_data: Path
    account: Account | None  # who runs PostgreSQL when we are root


def chosen_run_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for state and logs: OBIWORK_RUN_DIR where it is set, else `.run` of this checkout."""
    named = environ.get("OBIWORK_RUN_DIR")
    return Path(named).resolve() if named else BASE_DIR / ".run"


@contextmanager
def run_folders(run_dir: Path) -> Iterator[Folders]:
    """Make the folders, hold the run folder's lock, and remove the socket folders at the end.

    Raises: AlreadyRunning, BadRunFolder.
    """
    account = unprivileged_account()
    run = _make_run_folder(run_dir, account)
    with _lock(run / "lock"):
        # New names each time: the watchdog of a run that was killed may still be removing that run's folders.
        parent = _socket_parent(account)
        sockets = _private_folder(parent, account=None)
        postgres_sockets = _private_folder(parent, account=account)
        data = run / "postgres" if can_reach(run, account) else _state_beside(run, parent)
        try:
            yield Folders(run, run / "logs", sockets, postgres_sockets, data, account)
        finally:
            for folder in (sockets, postgres_sockets):
                shutil.rmtree(folder, ignore_errors=True)


def can_reach(folder: Path, account: Account | None) -> bool:
    """Tell whether a user may enter a folder, parents included; we never widen a parent's mode."""
    if account is None:
        return True
    return all(_may_enter(part.stat(), account) for part in (folder, *folder.parents))


def can_read(file: Path, account: Account | None) -> bool:
    """Tell whether a user may read and run a file, its folders aside."""
    return account is None or file.stat().st_mode & _READ_AND_RUN == _READ_AND_RUN


def give_to(folder: Path, account: Account | None) -> Path:
    """Make a folder that belongs to the user who runs the server, closed to everybody else."""
    folder.mkdir(mode=0o700)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def _make_run_folder(run_dir: Path, account: Account | None) -> Path:
    run = run_dir.resolve()
    try:
        run.parent.mkdir(parents=True, exist_ok=True)
        run.mkdir(mode=0o700 if account is None else 0o711, exist_ok=True)
        (run / "logs").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise BadRunFolder(f"{run} cannot be made: {error.strerror}") from error
    return run


def _may_enter(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _socket_parent(account: Account | None) -> Path:
    for parent in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - a private folder inside it
        longest = parent / f"{_SOCKET_FOLDER}xxxxxxxx" / _LONGEST_SOCKET_NAME
        if len(os.fsencode(longest)) <= _SOCKET_PATH_LIMIT_BYTES and can_reach(parent, account):
            return parent
    raise BadRunFolder("no folder for sockets: TMPDIR is too long a path or closed to the database's user")


def _private_folder(parent: Path, *, account: Account | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=_SOCKET_FOLDER, dir=parent))  # mode 0700
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def _state_beside(run: Path, parent: Path) -> Path:
    """Return where the state of this run folder lies when the database's user cannot enter the folder itself."""
    return parent / f"obi-{os.geteuid()}-{hashlib.sha256(os.fsencode(run)).hexdigest()[:8]}-data"


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    try:
        file = path.open("a")
    except OSError as error:  # an earlier run as another user
        raise BadRunFolder(f"{path} cannot be opened: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"{path.parent} is in use by another process that runs services: stop that one, "
                "or name another folder (OBIWORK_RUN_DIR)"
            ) from None
        yield
