"""Orders as the exchange has shown them to us."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import Customer, ExchangeAccount
from trading.models.fields import plain, price_field, quantity_field, quote_field, side_field
from trading.models.intent import OrderIntent
from trading.models.market import Market
from trading.models.position import Position

ENDED = ("Filled", "Cancelled", "Expired", "TriggerFailed", "Triggered")


OPEN = ("New", "PartiallyFilled", "TriggerPending")


class Order(models.Model):
    """An order at the exchange: ours (with its intent), a child of ours (an attached stop), or made by hand."""

    class Status(models.TextChoices):
        NEW = "New"
        PARTIALLY_FILLED = "PartiallyFilled"
        FILLED = "Filled"
        CANCELLED = "Cancelled"
        EXPIRED = "Expired"
        TRIGGER_PENDING = "TriggerPending"
        TRIGGER_FAILED = "TriggerFailed"
        TRIGGERED = "Triggered"

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="orders")
    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, related_name="orders")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="orders")
    intent = models.OneToOneField(OrderIntent, on_delete=models.PROTECT, null=True, related_name="order")
    position = models.ForeignKey(Position, on_delete=models.PROTECT, null=True, related_name="orders")
    exchange_id = models.CharField(max_length=32)
    related_exchange_id = models.CharField(max_length=32, blank=True, help_text="the parent's id at the exchange")
    client_id = models.PositiveBigIntegerField(null=True)
    side = side_field()
    order_type = models.CharField(max_length=6)
    status = models.CharField(max_length=16, choices=Status.choices)
    price = price_field(null=True)
    quantity = quantity_field()
    executed_quantity = quantity_field(default=0)
    executed_quote = quote_field(default=0)
    post_only = models.BooleanField(default=False)
    reduce_only = models.BooleanField(default=False)
    trigger_price = price_field(null=True)
    trigger_quantity = quantity_field(null=True, help_text="empty where the exchange gave a share of the position")
    expiry_reason = models.CharField(max_length=60, blank=True)
    placed_us = models.BigIntegerField(help_text="the exchange's clock when it was first seen")
    updated_us = models.BigIntegerField(help_text="the exchange's clock at the newest event")
    seen_ns = models.BigIntegerField(default=0, help_text="our clock when the newest message about it came in")
    cancel_sent_at = models.DateTimeField(null=True)
    missing_since = models.DateTimeField(
        null=True, help_text="when the exchange first did not list it as open, although we know no end of it"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account", "exchange_id"), name="order_once_per_account"),
            models.CheckConstraint(
                condition=Q(quantity__gte=0) & Q(executed_quantity__gte=0),
                name="order_quantities_are_not_negative",
            ),
        )
        indexes = (
            models.Index(
                fields=("account", "market"),
                condition=Q(status__in=("New", "PartiallyFilled", "TriggerPending")),
                name="order_open",
            ),
        )

    def __str__(self) -> str:
        return f"{self.side} {plain(self.quantity)} @ {plain(self.price or self.trigger_price)} ({self.status})"

    @property
    def is_over(self) -> bool:
        """Return whether the exchange will do nothing more with it."""
        return self.status in ENDED
