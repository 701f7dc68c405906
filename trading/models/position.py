"""Positions: from the first fill to flat, with their protection and their naked time."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import Customer, ExchangeAccount
from trading.core.position import Holding, ProtectionState
from trading.core.units import Side
from trading.models.bot import Bot
from trading.models.fields import choices, plain, price_field, quantity_field, quote_field, side_field
from trading.models.market import Market


class Position(models.Model):
    """One round trip of an account in a market; everything about money in it is the sum of its fills.

    Naked time runs on the exchange's clock from a fill that no confirmed stop covers to the stop that does (or to
    flat); it is stored in microseconds of wall time, which under replay is the exchange's clock divided by the speed.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="positions")
    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, related_name="positions")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="positions")
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, null=True, related_name="positions")
    side = side_field()
    state = models.CharField(max_length=12, choices=choices(ProtectionState), default=ProtectionState.UNPROTECTED.value)
    quantity = quantity_field()
    entry_quantity = quantity_field()
    entry_notional = quote_field()
    exit_notional = quote_field(default=0)
    fees = quote_field(default=0)
    stop_price = price_field(null=True, help_text="where its stop belongs; empty for a position made by hand")
    covered_quantity = quantity_field(default=0, help_text="sum of the confirmed stops")
    opened_us = models.BigIntegerField()
    opened_received_ns = models.BigIntegerField()
    naked_since_us = models.BigIntegerField(null=True)
    naked_since_ns = models.BigIntegerField(null=True, help_text="our clock, for the budget")
    naked_us = models.BigIntegerField(default=0, help_text="all gaps together")
    naked_max_us = models.BigIntegerField(default=0, help_text="the longest gap")
    exit_reason = models.CharField(max_length=60, blank=True)
    closed_us = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account", "market"),
                condition=~Q(state="closed"),
                name="position_one_open_per_account_and_market",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=0) & Q(covered_quantity__gte=0),
                name="position_quantities_are_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | (Q(quantity=0) & Q(closed_us__isnull=False)),
                name="position_closed_is_flat",
            ),
        )

    def __str__(self) -> str:
        side = "long" if self.side == Side.BID.value else "short"
        return f"{side} {plain(self.quantity)} ({self.state})"

    @property
    def holding(self) -> Holding:
        """Return the position as the core computes with it."""
        return Holding(
            side=Side(self.side),
            quantity=self.quantity,
            entry_quantity=self.entry_quantity,
            entry_notional=self.entry_notional,
            exit_notional=self.exit_notional,
            fees=self.fees,
        )

    def take(self, holding: Holding) -> None:
        """Copy a holding into the row's fields (not saved)."""
        self.quantity = holding.quantity
        self.entry_quantity = holding.entry_quantity
        self.entry_notional = holding.entry_notional
        self.exit_notional = holding.exit_notional
        self.fees = holding.fees
