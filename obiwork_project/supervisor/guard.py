"""The supervisor's side of the watchdog: tells it which sessions are ours, replaces it when it is killed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

from obiwork_project.supervisor import watchdog
from obiwork_project.supervisor.watchdog import Registered

_CLOSE_TIMEOUT_S = 2.0


class Guard:
    """Keeps a watchdog process informed. `close` says that everything was ended properly."""

    def __init__(self, *, marker: str) -> None:
        self._marker = marker
        self._sessions: dict[int, Registered] = {}
        self._folders: list[Path] = []
        self._process = _start()
        self._write(f"marker {marker}")

    def add(self, pid: int, *, signal: int, grace_s: float) -> None:
        """Register a session leader that we have just started."""
        state = watchdog.process_state(pid)
        if state is None:  # no /proc on this system: the parent-death signal has to do
            return
        entry = Registered(pid=pid, started=state.started, signal=signal, grace_ms=int(grace_s * 1000))
        self._sessions[pid] = entry
        self._tell(_add_line(entry))

    def drop(self, pid: int) -> None:
        """Forget a session that has ended."""
        if self._sessions.pop(pid, None) is not None:
            self._tell(f"drop {pid}")

    def remove_folder_at_the_end(self, folder: Path) -> None:
        """Have a temporary folder removed if this process cannot do it by itself."""
        self._folders.append(folder)
        self._tell(f"folder {folder}")

    def check(self) -> None:
        """Start a new watchdog if somebody killed ours."""
        if self._process.poll() is not None:
            self._replace()

    def close(self) -> None:
        """Send the watchdog home."""
        with contextlib.suppress(OSError):
            self._write("done")
            self._pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_CLOSE_TIMEOUT_S)

    @property
    def _pipe(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _tell(self, line: str) -> None:
        try:
            self._write(line)
        except OSError:  # it is gone; the new one is told everything
            self._replace()

    def _write(self, line: str) -> None:
        self._pipe.write(f"{line}\n".encode())
        self._pipe.flush()

    def _replace(self) -> None:
        with contextlib.suppress(OSError):
            self._pipe.close()
        self._process.wait()
        self._process = _start()
        self._write(f"marker {self._marker}")
        for entry in self._sessions.values():
            self._write(_add_line(entry))
        for folder in self._folders:
            self._write(f"folder {folder}")


def _add_line(entry: Registered) -> str:
    return f"add {entry.pid} {entry.started} {entry.signal} {entry.grace_ms}"


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", watchdog.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        # Ours may be a supervised process too: its watchdog must not mistake this one for an orphan of ours.
        env={name: value for name, value in os.environ.items() if name != watchdog.MARKER},
        start_new_session=True,
    )
