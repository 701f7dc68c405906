"""Starts one process in a session of its own that does not outlive its parent."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
# Looked up before any fork: a child between fork and exec must not load libraries.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Account(NamedTuple):
    """The user that a process runs as."""

    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """Return `nobody` when we are root, or None: a plain user runs everything as itself."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def dying_with_parent(orphan_signal: signal.Signals) -> Callable[[], None]:
    """Return what a child runs between fork and exec to get this signal when the calling thread ends.

    Popen calls it after it has set the child's user, which matters: a later change would clear the request.
    """
    parent_pid = os.getpid()

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background job hands down an ignored SIGINT
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(orphan_signal), 0, 0, 0)
        if os.getppid() != parent_pid:  # it died before we could ask
            os._exit(1)

    return prepare


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path,
    cwd: Path | None = None,
    account: Account | None = None,
    orphan_signal: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a process whose output is appended to `log` and that gets `orphan_signal` when this process dies.

    Raises: RuntimeError outside the main thread: the kernel's signal follows the *thread* that spawned.
            OSError if the command cannot be started.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("processes are started from the main thread only")
    log.parent.mkdir(parents=True, exist_ok=True)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)  # ready lines may carry demo secrets
    try:
        return subprocess.Popen(
            list(argv),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=dying_with_parent(orphan_signal),  # noqa: PLW1509 - it takes no lock and loads nothing
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
        )
    finally:
        os.close(output)
