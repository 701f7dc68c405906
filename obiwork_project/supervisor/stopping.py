"""Stops one stage of children: asks politely, waits, kills."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from obiwork_project.supervisor.life import Life

_POLL_S = 0.01
_LEAST_PATIENCE_S = 0.3  # even when earlier stages have eaten the budget


def stop_stage(stage: Sequence[Life], *, deadline: float, is_hurried: Callable[[], bool]) -> None:
    """Stop a stage's children together; `deadline` (monotonic seconds) bounds the waiting of all stages.

    ``is_hurried`` ends the waiting at once: the second Ctrl-C.
    """
    for life in stage:
        life.request_stop()
    asked_at = time.monotonic()
    latest = max(deadline, asked_at + _LEAST_PATIENCE_S)
    waiting = list(stage)
    while waiting and not is_hurried():
        now = time.monotonic()
        waiting = [
            life for life in waiting if not life.has_ended() and now < min(asked_at + life.child.stop_timeout_s, latest)
        ]
        time.sleep(_POLL_S if waiting else 0)
    for life in stage:
        life.end()
