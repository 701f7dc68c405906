"""The lives of one child: started, ready, dead, started again after a while."""

from __future__ import annotations

import logging
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from obiwork_project.supervisor import watchdog
from obiwork_project.supervisor.child import Child, Policy
from obiwork_project.supervisor.errors import ChildFailed
from obiwork_project.supervisor.guard import Guard
from obiwork_project.supervisor.readiness import forget_earlier_life, last_words, ready_text
from obiwork_project.supervisor.spawn import spawn

_logger = logging.getLogger(__name__)
_FIRST_BACKOFF_S = 0.2
_LONGEST_BACKOFF_S = 5.0
_STEADY_AFTER_S = 10.0  # a life this long ends a row of deaths
_DEATHS_IN_A_ROW = 8


class Life:
    """One child from its first start to its end."""

    def __init__(self, child: Child, *, log: Path, guard: Guard, env: Mapping[str, str]) -> None:
        self.child = child
        self.ready_line = ""
        self.is_ready = False
        self._was_ready_once = False
        self._log = log
        self._guard = guard
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        log.unlink(missing_ok=True)  # of an earlier run; our own restarts append
        self._started_at = 0.0
        self._next_start_at = 0.0
        self._deaths = 0

    @property
    def pid(self) -> int | None:
        """Return the process id, or None between two lives."""
        return None if self._process is None else self._process.pid

    def step(self) -> None:
        """Do what is due: start, notice readiness, lateness or death. Raises: ChildFailed."""
        if self._process is None:
            if time.monotonic() >= self._next_start_at:
                self._start()
            return
        code = self._process.poll()
        if code is not None:
            self._on_death(code)
        elif not self.is_ready:
            self._look_whether_ready()

    def request_stop(self) -> None:
        """Send the polite signal to the leader."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(self.child.stop_signal)

    def has_ended(self) -> bool:
        """Tell whether the leader is gone."""
        return self._process is None or self._process.poll() is not None

    def end(self) -> None:
        """Kill whatever is left of the session and forget it."""
        if self._process is None:
            return
        watchdog.kill_session(self._process.pid)
        self._process.wait()
        self._guard.drop(self._process.pid)
        self._process = None
        self.is_ready = False

    def _start(self) -> None:
        forget_earlier_life(self.child.ready)
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        try:
            self._process = spawn(
                self.child.argv,
                env=self._env,
                log=self._log,
                cwd=self.child.cwd,
                account=self.child.account,
                orphan_signal=self.child.orphan_signal,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ChildFailed(f"{self.child.name} cannot be started: {error}") from error
        self._started_at = time.monotonic()
        self._guard.add(self._process.pid, signal=self.child.orphan_signal, grace_s=self.child.stop_timeout_s)

    def _look_whether_ready(self) -> None:
        line = ready_text(self.child.ready, log=self._log, log_start=self._log_start)
        if line is not None:
            self.ready_line, self.is_ready, self._was_ready_once = line, True, True
        elif time.monotonic() - self._started_at > self.child.ready_timeout_s:
            self._on_lateness()

    def _on_lateness(self) -> None:
        if self._may_restart() and self._process is not None:
            self._process.kill()  # the next step sees a death like any other
            return
        raise ChildFailed(
            f"{self.child.name} was not ready within {self.child.ready_timeout_s:g} s; its log ends: "
            f"{last_words(self._log)}"
        )

    def _may_restart(self) -> bool:
        return self.child.policy is Policy.RESTART and self._was_ready_once

    def _on_death(self, code: int) -> None:
        lived_s = time.monotonic() - self._started_at
        self.end()
        self._deaths = 1 if lived_s > _STEADY_AFTER_S else self._deaths + 1
        what = f"{self.child.name} {_how_it_ended(code)}"
        if not self._may_restart() or self._deaths > _DEATHS_IN_A_ROW:
            raise ChildFailed(f"{what}; its log ends: {last_words(self._log)}")
        pause_s = min(_FIRST_BACKOFF_S * 2 ** (self._deaths - 1), _LONGEST_BACKOFF_S)
        self._next_start_at = time.monotonic() + pause_s
        _logger.warning("%s and is started again in %.1f s; its log ends: %s", what, pause_s, last_words(self._log))


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was ended by {signal.Signals(-code).name}"
