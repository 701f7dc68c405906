"""Columns that several models share: exact prices and quantities, and choices from the core's enums."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any

from django.db import models

from trading.core.units import Side


def price_field(**options: Any) -> models.DecimalField[Any, Any]:
    """Return a column for a price in quote per base, exact."""
    return models.DecimalField(max_digits=24, decimal_places=10, **options)


def quantity_field(**options: Any) -> models.DecimalField[Any, Any]:
    """Return a column for a quantity in base, exact."""
    return models.DecimalField(max_digits=28, decimal_places=10, **options)


def quote_field(**options: Any) -> models.DecimalField[Any, Any]:
    """Return a column for an amount in quote (notional, fee, result), exact."""
    return models.DecimalField(max_digits=32, decimal_places=18, **options)


def plain(amount: Decimal | None) -> str:
    """Return an amount as people write it: no exponent, no trailing zeros; a dash where there is none."""
    return "–" if amount is None else f"{amount.normalize():f}"


def choices(kind: type[Enum]) -> list[tuple[str, str]]:
    """Return a core enum as Django's choices."""
    return [(member.value, member.value.replace("_", " ")) for member in kind]


def side_field(**options: Any) -> models.CharField[Any, Any]:
    """Return a column for a side, in the exchange's words."""
    return models.CharField(max_length=3, choices=choices(Side), **options)
