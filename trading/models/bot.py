"""A bot: one strategy on one account and symbol."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import Customer, ExchangeAccount
from trading.core.strategies.scalp import ScalpParams
from trading.models.fields import quantity_field
from trading.models.market import Market

DEFAULTS = ScalpParams()


class Bot(models.Model):
    """What trades, where, and within which limits. An account has one net position, so one bot per symbol lives."""

    class Mode(models.TextChoices):
        SCALP = "scalp"

    class Status(models.TextChoices):
        LIVE = "live"
        STOPPED = "stopped"  # no entries; what is open stays protected and managed

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="bots")
    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, related_name="bots")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="bots")
    mode = models.CharField(max_length=12, choices=Mode.choices, default=Mode.SCALP)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.STOPPED)
    order_quantity = quantity_field(help_text="quantity of one entry, in base")
    trigger_ratio = models.FloatField(default=DEFAULTS.trigger_ratio)
    reversal_ratio = models.FloatField(default=DEFAULTS.reversal_ratio)
    stop_loss_bps = models.FloatField(default=DEFAULTS.stop_loss_bps)
    take_profit_bps = models.FloatField(default=DEFAULTS.take_profit_bps)
    entry_ttl_ms = models.PositiveIntegerField(default=DEFAULTS.entry_ttl_ms)
    cool_down_ms = models.PositiveIntegerField(default=DEFAULTS.cool_down_ms)
    entry_rejections = models.PositiveSmallIntegerField(default=0, editable=False)
    last_entry_us = models.BigIntegerField(null=True, editable=False)
    last_closed_us = models.BigIntegerField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account", "market"),
                condition=Q(status="live"),
                name="bot_one_live_per_account_and_market",
            ),
            models.CheckConstraint(condition=Q(order_quantity__gt=0), name="bot_order_quantity_is_positive"),
            models.CheckConstraint(
                condition=Q(trigger_ratio__gt=0) & Q(trigger_ratio__lt=1), name="bot_trigger_is_a_ratio"
            ),
            models.CheckConstraint(
                condition=Q(reversal_ratio__gt=0) & Q(reversal_ratio__lte=1), name="bot_reversal_is_a_ratio"
            ),
            models.CheckConstraint(
                condition=Q(stop_loss_bps__gt=0) & Q(stop_loss_bps__lt=10_000) & Q(take_profit_bps__gt=0),
                name="bot_distances_are_positive",
            ),
        )

    def __str__(self) -> str:
        return f"{self.mode} {self.market_id} on account {self.account_id}"

    @property
    def scalp_params(self) -> ScalpParams:
        """Return the row's limits as the strategy takes them."""
        return DEFAULTS._replace(
            trigger_ratio=self.trigger_ratio,
            reversal_ratio=self.reversal_ratio,
            stop_loss_bps=self.stop_loss_bps,
            take_profit_bps=self.take_profit_bps,
            entry_ttl_ms=self.entry_ttl_ms,
            cool_down_ms=self.cool_down_ms,
        )
