"""The supervisor: starts children in stages, restarts or gives up when one dies, stops the last first."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from obiwork_project.supervisor import watchdog
from obiwork_project.supervisor.child import Child
from obiwork_project.supervisor.errors import StopRequested
from obiwork_project.supervisor.guard import Guard
from obiwork_project.supervisor.life import Life
from obiwork_project.supervisor.stopping import stop_stage

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_START_POLL_S = 0.02
_WATCH_POLL_S = 0.1
_STOP_BUDGET_S = 4.5


class Supervisor:
    """Runs children for as long as the `with` block lasts.

    With ``handle_signals`` SIGTERM, SIGHUP and Ctrl-C end `start` (StopRequested) and `watch` (returns)
    cleanly; a second one while stopping kills what is left at once.
    """

    def __init__(self, *, log_dir: Path, handle_signals: bool = False) -> None:
        self._log_dir = log_dir
        self._handles_signals = handle_signals
        self._stages: list[list[Life]] = []
        self._stop_requests = 0
        self.last_signal: signal.Signals | None = None
        self._previous_handlers: dict[signal.Signals, Any] = {}
        self._marker = secrets.token_hex(8)
        self._guard = Guard(marker=self._marker)

    def __enter__(self) -> Self:
        if self._handles_signals:
            for number in _STOP_SIGNALS:
                self._previous_handlers[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for number, handler in self._previous_handlers.items():
            signal.signal(number, handler)

    @property
    def stop_requested(self) -> bool:
        """Tell whether somebody asked us to stop."""
        return self._stop_requests > 0

    def start(self, *children: Child) -> dict[str, str]:
        """Start one stage of children, wait until all are ready and return their ready lines by name.

        Raises: ChildFailed, StopRequested.
        """
        stage: list[Life] = []
        self._stages.append(stage)  # before the first start, so that a failure half-way still stops the others
        for child in children:
            stage.append(Life(child, log=self._log_dir / f"{child.name}.log", guard=self._guard, env=self._env(child)))
        while not all(life.is_ready for life in stage):
            if self.stop_requested:
                raise StopRequested("stopped while starting")
            self._step()
            time.sleep(_START_POLL_S)
        return {life.child.name: life.ready_line for life in stage}

    def watch(self, *, seconds: float | None = None, each_step: Callable[[], None] | None = None) -> bool:
        """Watch over the children for so long, or until a stop is requested; return whether one was.

        Raises: ChildFailed, and whatever `each_step` raises.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self.stop_requested and (deadline is None or time.monotonic() < deadline):
            self._step()
            if each_step is not None:
                each_step()
            time.sleep(_WATCH_POLL_S)
        return self.stop_requested

    def pid_of(self, name: str) -> int:
        """Return the process id of a running child. Raises: KeyError if there is none of this name."""
        pids = {life.child.name: life.pid for stage in self._stages for life in stage if life.pid is not None}
        return pids[name]

    @property
    def stage_count(self) -> int:
        """Return how many stages run, to be given to `stop_back_to` later."""
        return len(self._stages)

    def stop(self) -> None:
        """Stop everything within a few seconds. Doing it twice is harmless."""
        self.stop_back_to(0)
        watchdog.kill_marked(self._marker)  # those that had left their session
        self._guard.close()

    def stop_back_to(self, stage_count: int) -> None:
        """Stop the stages that were started since there were so many, the last one first."""
        deadline = time.monotonic() + _STOP_BUDGET_S
        requests_before = self._stop_requests
        while len(self._stages) > stage_count:
            stop_stage(
                self._stages[-1],
                deadline=deadline,
                is_hurried=lambda: self._stop_requests > max(requests_before, 1),
            )
            self._stages.pop()

    def remove_folder_at_the_end(self, folder: Path) -> None:
        """Have the watchdog remove a temporary folder if we are killed before we can."""
        self._guard.remove_folder_at_the_end(folder)

    def _env(self, child: Child) -> dict[str, str]:
        return {**os.environ, "PYTHONUNBUFFERED": "1", **child.env, watchdog.MARKER: self._marker}

    def _step(self) -> None:
        self._guard.check()
        for stage in self._stages:
            for life in stage:
                life.step()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._stop_requests += 1
        self.last_signal = signal.Signals(number)
