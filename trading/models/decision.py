"""Decisions: a row for each that matters, counts for the rest."""

from __future__ import annotations

from django.db import models

from accounts.models import Customer
from trading.models.bot import Bot
from trading.models.market import Market


class Decision(models.Model):
    """A verdict that changed, or that an order followed, with the book that it was made on."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="decisions")
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="decisions")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="decisions")
    approved = models.BooleanField(null=True, help_text="empty where no entry was in question")
    reason = models.CharField(max_length=60)
    obi = models.FloatField(null=True, help_text="in [-1, 1]; empty where the book did not allow a figure")
    book_sequence = models.BigIntegerField(help_text="the exchange's id of the last update in the book")
    book_age_ms = models.FloatField(help_text="milliseconds of market time")
    exchange_us = models.BigIntegerField(help_text="the exchange's clock at the book's last update")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (models.Index(fields=("bot", "-id"), name="decision_newest_of_bot"),)

    def __str__(self) -> str:
        return f"{self.reason} ({self.bot_id})"


class DecisionTally(models.Model):
    """How often a bot came to a verdict: 180 evaluations a second must not become rows."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="tallies")
    approved = models.BooleanField(null=True)
    reason = models.CharField(max_length=60)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("bot", "approved", "reason"), name="tally_once_per_verdict", nulls_distinct=False
            ),
        )

    def __str__(self) -> str:
        return f"{self.count} x {self.reason} ({self.bot_id})"


class EvaluationTally(models.Model):
    """How often a shard has evaluated a market."""

    market = models.ForeignKey(Market, on_delete=models.CASCADE)
    shard = models.PositiveSmallIntegerField()
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("market", "shard"), name="evaluation_tally_once_per_shard"),)

    def __str__(self) -> str:
        return f"{self.count} evaluations ({self.market_id}, shard {self.shard})"
