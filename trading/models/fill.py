"""Fills: the only source of positions and of every figure about money."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import Customer, ExchangeAccount
from trading.models.fields import plain, price_field, quantity_field, quote_field, side_field
from trading.models.market import Market
from trading.models.order import Order
from trading.models.position import Position


class Fill(models.Model):
    """One execution of one order, as the exchange reported it."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="fills")
    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, related_name="fills")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="fills")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="fills")
    position = models.ForeignKey(Position, on_delete=models.PROTECT, null=True, related_name="fills")
    trade_id = models.BigIntegerField()
    side = side_field()
    price = price_field()
    quantity = quantity_field()
    fee = quote_field()
    fee_asset = models.CharField(max_length=12)
    is_maker = models.BooleanField()
    engine_us = models.BigIntegerField(help_text="the exchange's clock")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            # the order is part of it: in a trade with oneself both orders carry the same trade id
            models.UniqueConstraint(fields=("order", "trade_id"), name="fill_once_per_order_and_trade"),
            models.CheckConstraint(condition=Q(quantity__gt=0) & Q(price__gt=0), name="fill_is_positive"),
        )

    def __str__(self) -> str:
        return f"{self.side} {plain(self.quantity)} @ {plain(self.price)}"
