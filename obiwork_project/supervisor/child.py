"""What a child process is: its command, when it counts as ready, and what happens when it dies."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from obiwork_project.supervisor.spawn import Account


class LineReady(NamedTuple):
    """Ready when a line of its output matches this regular expression."""

    pattern: str


class SocketReady(NamedTuple):
    """Ready when this unix socket (a path) or port of this machine (host and number) accepts a connection."""

    address: Path | tuple[str, int]


class FileReady(NamedTuple):
    """Ready when this file appears; one left by an earlier life is removed before the start."""

    path: Path


class ProbeReady(NamedTuple):
    """Ready when this call returns true; it must return quickly and raise nothing for "not yet"."""

    probe: Callable[[], bool]


Ready = LineReady | SocketReady | FileReady | ProbeReady


class Policy(Enum):
    """What the supervisor does when a child that was ready ends by itself."""

    RESTART = "restart"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process to run.

    ``env`` is added to the supervisor's environment. ``stop_signal`` is the polite request; SIGKILL for the
    whole session follows after ``stop_timeout_s``. ``orphan_signal`` is what comes when the supervisor dies.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    account: Account | None = None
    ready: Ready | None = None
    ready_timeout_s: float = 30.0
    policy: Policy = Policy.FAIL
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 3.0
    orphan_signal: signal.Signals = signal.SIGKILL

    def __post_init__(self) -> None:
        if not self.argv:
            raise ValueError(f"child {self.name!r} has no command")
        if not self.name or "/" in self.name:
            raise ValueError(f"{self.name!r} cannot name a child: it names its log file too")
