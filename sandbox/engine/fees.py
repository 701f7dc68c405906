"""Trading fees of the first tier. Source: the fee table, and three recorded fills for the rounding."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.engine.money import MONEY_DECIMALS, ceil_div

_FEE_STEP: int = 10 ** (MONEY_DECIMALS - 6)
_BPS = 10_000


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Fees of an account. Units: basis points of what is received."""

    futures_maker_bps: int = 2
    futures_taker_bps: int = 5
    spot_maker_bps: int = 8
    spot_taker_bps: int = 10

    def fee(self, amount: int, *, is_perp: bool, is_maker: bool) -> int:
        """Return the fee on an amount of money, rounded up to 6 decimals per fill."""
        if is_perp:
            bps = self.futures_maker_bps if is_maker else self.futures_taker_bps
        else:
            bps = self.spot_maker_bps if is_maker else self.spot_taker_bps
        return ceil_div(amount * bps, _BPS * _FEE_STEP) * _FEE_STEP
