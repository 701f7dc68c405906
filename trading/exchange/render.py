"""Numbers to the text that exchanges accept: plain digits, no exponent, no trailing zeros."""

from __future__ import annotations

from decimal import Decimal


def decimal_text(value: Decimal) -> str:
    """Return a number as plain decimal text.

    Trailing zeros go, because the exchange counts them ("Price decimal too long" for 1.500 on a tick of 0.1).

    Raises: ValueError for NaN and infinities.
    """
    if not value.is_finite():
        raise ValueError(f"{value} has no decimal text")
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
