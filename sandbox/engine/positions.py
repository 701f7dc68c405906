"""Net positions of perpetuals, and how long each of them stood without a covering stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.engine.accounts import Account
    from sandbox.engine.venue import Market


@dataclass(slots=True, eq=False)
class Position:
    """One account's net position in one market, from its opening fill until it is flat. Units: lots, money, us.

    `cost` is what the open part was bought for (negative for a short). `naked` holds the closed intervals in which
    reduce-only triggers did not cover the position, `naked_since_us` the start of one that is still open.
    """

    id: int
    account: Account
    market: Market
    opened_us: int
    lots: int = 0
    cost: int = 0
    realised: int = 0
    fees: int = 0
    closed_lots: int = 0
    closing_value: int = 0
    largest_lots: int = 0
    closed_us: int | None = None
    naked: list[tuple[int, int]] = field(default_factory=list)
    naked_since_us: int | None = None

    def add(self, signed_lots: int, price_ticks: int) -> int:
        """Apply a fill that does not flip the position; return the realised profit in money."""
        value = self.market.spec.value(price_ticks, abs(signed_lots))
        if self.lots == 0 or (self.lots > 0) == (signed_lots > 0):
            self.lots += signed_lots
            self.cost += value if signed_lots > 0 else -value
            self.largest_lots = max(self.largest_lots, abs(self.lots))
            return 0
        return self._reduce(abs(signed_lots), value)

    def _reduce(self, lots: int, value: int) -> int:
        held = abs(self.lots)
        assert lots <= held, "a flip is split by the caller"
        cost = self.cost if lots == held else self.cost * lots // held
        profit = (value if self.lots > 0 else -value) - cost
        self.lots += -lots if self.lots > 0 else lots
        self.cost -= cost
        self.realised += profit
        self.closed_lots += lots
        self.closing_value += value
        return profit

    def unrealised(self) -> int:
        """Return the profit of the open part at the mark price, in money."""
        mark = self.market.mark_ticks
        return 0 if mark is None else self.market.spec.value(mark, self.lots) - self.cost

    def cover(self, covered_lots: int, *, now_us: int) -> None:
        """Note how much of the position confirmed stops cover from now on."""
        is_naked = self.lots != 0 and covered_lots < abs(self.lots)
        if is_naked and self.naked_since_us is None:
            self.naked_since_us = now_us
        elif not is_naked and self.naked_since_us is not None:
            if now_us > self.naked_since_us:
                self.naked.append((self.naked_since_us, now_us))
            self.naked_since_us = None
