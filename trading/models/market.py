"""A market at the exchange, as far as trading needs to know it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from trading.core.units import MarketGrid
from trading.models.fields import price_field, quantity_field


class Market(models.Model):
    """A symbol with its grid, and how old its book may be."""

    symbol = models.CharField(max_length=40, unique=True)
    tick_size = price_field()
    step_size = quantity_field()
    min_quantity = quantity_field()
    max_book_age_ms = models.PositiveIntegerField(
        default=500, help_text="milliseconds of market time since the last frame of the connection"
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(tick_size__gt=0) & Q(step_size__gt=0) & Q(min_quantity__gt=0),
                name="market_grid_is_positive",
            ),
        )

    def __str__(self) -> str:
        return self.symbol

    @property
    def grid(self) -> MarketGrid:
        """Return the market's ticks and lots."""
        return MarketGrid(tick_size=self.tick_size, step_size=self.step_size, min_quantity=self.min_quantity)
