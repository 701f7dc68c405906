"""What the tests see of real processes: who descends from whom, and whether they are gone."""

from __future__ import annotations

import os
import time
from pathlib import Path

from obiwork_project.supervisor.watchdog import ProcessState, process_state


def family(pid: int) -> set[ProcessState]:
    """Return a process and all that descend from it."""
    parents = {state.pid: parent for state, parent in _all()}
    return {state for state, _ in _all() if _descends(state.pid, pid, parents)}


def survivors(processes: set[ProcessState], *, within_s: float) -> set[ProcessState]:
    """Return which of these processes are still there after so long, at once when all are gone."""
    deadline = time.monotonic() + within_s
    while (left := {one for one in processes if _is_alive(one)}) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def wait_for_file(path: Path, *, within_s: float = 10.0) -> str:
    """Return a file's text once it has some."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if path.exists() and (text := path.read_text()):
            return text
        time.sleep(0.02)
    raise AssertionError(f"{path} did not appear within {within_s} s")


def _is_alive(process: ProcessState) -> bool:
    now = process_state(process.pid)
    return now is not None and now.started == process.started and now.state not in "ZX"


def _all() -> list[tuple[ProcessState, int]]:
    found = []
    for name in os.listdir("/proc"):
        state = process_state(int(name)) if name.isdigit() else None
        if state is not None:
            found.append((state, _parent(state.pid)))
    return found


def _parent(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(text[text.rindex(")") + 2 :].split()[1])


def _descends(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid and pid != ancestor:
        pid = parents.get(pid, 0)
    return pid == ancestor
