"""Exact amounts as integers, and their text.

Money of every asset is an integer number of 10**-16; a price is an integer number of ticks and a quantity of lots.
"""

from __future__ import annotations

from decimal import Decimal

MONEY_DECIMALS = 16
MONEY_ONE = 10**MONEY_DECIMALS


def money(amount: Decimal) -> int:
    """Return an amount in units of money. Raises: ValueError when it is finer than money is."""
    units = amount.scaleb(MONEY_DECIMALS)
    whole = int(units)
    if whole != units:
        raise ValueError(f"{amount} is finer than {MONEY_DECIMALS} decimals")
    return whole


def fixed_text(units: int, decimals: int) -> str:
    """Return `units` of 10**-decimals as text with exactly that many decimals."""
    if decimals == 0:
        return str(units)
    sign = "-" if units < 0 else ""
    digits = str(abs(units)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def trimmed_text(units: int, decimals: int) -> str:
    """Return `units` of 10**-decimals as text without trailing zeros."""
    text = fixed_text(units, decimals)
    return text.rstrip("0").rstrip(".") if decimals else text


def money_text(units: int, *, decimals: int = MONEY_DECIMALS) -> str:
    """Return an amount of money without trailing zeros, cut towards zero after `decimals`."""
    step = 10 ** (MONEY_DECIMALS - decimals)
    cut = abs(units) // step
    return trimmed_text(-cut if units < 0 else cut, decimals)


def ceil_div(dividend: int, divisor: int) -> int:
    """Return the quotient rounded up."""
    return -(-dividend // divisor)
