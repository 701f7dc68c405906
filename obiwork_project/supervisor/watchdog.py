"""Ends whole sessions of processes; run as a script, does so for a parent that died.

The script reads one command per line from its standard input:

    add PID STARTED SIGNAL GRACE_MS   a session leader and how to end it
    drop PID                          it has ended
    marker TEXT                       every process whose environment holds OBIWORK_SUPERVISED=TEXT is ours
    folder PATH                       temporary folder to remove at the end
    done                              the parent has cleaned up by itself

When the input ends without `done`, the parent is gone: everything registered is ended, then the folders are
removed.
It runs with `python -I -S`, so only the standard library may be imported here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

MARKER = "OBIWORK_SUPERVISED"
_PROC = Path("/proc")


class ProcessState(NamedTuple):
    """A process as /proc shows it; `started` is in clock ticks since the machine started."""

    pid: int
    state: str
    session: int
    started: int


class Registered(NamedTuple):
    """A session to end: its leader's pid and start, the polite signal and how long it may take."""

    pid: int
    started: int
    signal: int
    grace_ms: int


def process_state(pid: int) -> ProcessState | None:
    """Return the state of a process, or None if there is no such process."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:  # ended, perhaps between two reads
        return None
    fields = text[text.rindex(")") + 2 :].split()  # the name before it may hold blanks and brackets
    return ProcessState(pid=pid, state=fields[0], session=int(fields[3]), started=int(fields[19]))


def session_members(session: int) -> list[int]:
    """Return the pids of a session's processes, without those that only wait to be reaped."""
    states = (process_state(pid) for pid in _all_pids())
    return [state.pid for state in states if state and state.session == session and state.state not in "ZX"]


def kill_session(session: int) -> None:
    """Send SIGKILL to everything in a session until nothing of it is left (forks race with one pass)."""
    _send_to_group(session, signal.SIGKILL)
    for _ in range(20):
        members = session_members(session)
        if not members:
            return
        for pid in members:
            _send(pid, signal.SIGKILL)
        time.sleep(0.01)


def marked_processes(marker: str) -> list[int]:
    """Return the pids whose environment carries this marker: descendants that left their session too."""
    wanted = f"{MARKER}={marker}".encode()
    found = []
    for pid in _all_pids():
        with contextlib.suppress(OSError):  # ended, or another user's
            if wanted in (_PROC / str(pid) / "environ").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def kill_marked(marker: str) -> None:
    """Send SIGKILL to every process that carries this marker."""
    if marker:
        for pid in marked_processes(marker):
            _send(pid, signal.SIGKILL)


def end_all(sessions: Iterable[Registered]) -> None:
    """Ask every session's leader to stop, and kill what is left of each after its grace time."""
    waiting = [entry for entry in sessions if _is_still_theirs(entry)]
    for entry in waiting:
        if entry.signal != signal.SIGKILL:
            _send(entry.pid, entry.signal)
    begun = time.monotonic()
    while waiting:
        waiting = [entry for entry in waiting if not _ended(entry, elapsed_ms=(time.monotonic() - begun) * 1e3)]
        time.sleep(0.02)


def _ended(entry: Registered, *, elapsed_ms: float) -> bool:
    if entry.signal == signal.SIGKILL or elapsed_ms >= entry.grace_ms:
        kill_session(entry.pid)
        return True
    leader = process_state(entry.pid)
    if leader is not None and leader.state not in "ZX":
        return False
    kill_session(entry.pid)  # the leader went politely, its children may not have
    return True


def _is_still_theirs(entry: Registered) -> bool:
    leader = process_state(entry.pid)  # a session's number is not given away while the session has members
    return leader is None or leader.started == entry.started


def _all_pids() -> Iterator[int]:
    with contextlib.suppress(OSError):
        for name in os.listdir(_PROC):
            if name.isdigit():
                yield int(name)


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _send_to_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def watch(commands: TextIO) -> None:
    """Read commands until the input ends, then end what is registered unless the parent said `done`."""
    sessions: dict[int, Registered] = {}
    folders: list[str] = []
    marker = ""
    for line in commands:
        command, _, rest = line.rstrip("\n").partition(" ")
        if command == "add":
            entry = Registered(*(int(word) for word in rest.split()))
            sessions[entry.pid] = entry
        elif command == "drop":
            sessions.pop(int(rest), None)
        elif command == "marker":
            marker = rest
        elif command == "folder":
            folders.append(rest)
        elif command == "done":
            return
    end_all(sessions.values())
    kill_marked(marker)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watch(sys.stdin)
