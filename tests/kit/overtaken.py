"""An evaluator that something overtakes between its decisions and their storing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trading.core.strategies.actions import Verdict
from trading.execution.evaluate import Evaluator, Moment
from trading.execution.shard_rows import BotRows


@dataclass(slots=True, kw_only=True)
class Overtaken(Evaluator):
    """Decides as ever; `meanwhile` happens before a decision is stored."""

    meanwhile: Callable[[BotRows, Verdict], None]

    def _decide(self, rows: BotRows, moment: Moment) -> Verdict:
        verdict = Evaluator._decide(self, rows, moment)
        self.meanwhile(rows, verdict)
        return verdict
