"""Order intents: stored before anything is sent, with a client id from the account's sequence."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import MAX_CLIENT_ID, Customer, ExchangeAccount
from trading.core.orders import IntentState, Purpose
from trading.models.bot import Bot
from trading.models.decision import Decision
from trading.models.fields import choices, plain, price_field, quantity_field, side_field
from trading.models.market import Market
from trading.models.position import Position


class OrderIntent(models.Model):
    """What we want to send, have sent, and what became of it.

    `is_live` holds until the order is known to be over (refused, absent, filled, cancelled or expired).
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="intents")
    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, related_name="intents")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="intents")
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, null=True, related_name="intents")
    position = models.ForeignKey(Position, on_delete=models.PROTECT, null=True, related_name="intents")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, related_name="intents")
    client_id = models.PositiveBigIntegerField()
    purpose = models.CharField(max_length=12, choices=choices(Purpose))
    side = side_field()
    order_type = models.CharField(max_length=6, choices=[("Limit", "Limit"), ("Market", "Market")])
    price = price_field(null=True)
    quantity = quantity_field()
    post_only = models.BooleanField(default=False)
    reduce_only = models.BooleanField(default=False)
    trigger_price = price_field(null=True, help_text="a stop's own trigger")
    stop_loss_price = price_field(null=True, help_text="the trigger of the stop that travels inside an entry")
    state = models.CharField(max_length=12, choices=choices(IntentState), default=IntentState.PENDING.value)
    is_live = models.BooleanField(default=True)
    reason = models.CharField(max_length=60, blank=True)
    book_received_ns = models.BigIntegerField(null=True, help_text="when the book update behind this came in")
    oldest_received_ns = models.BigIntegerField(null=True, help_text="when the oldest unevaluated update came in")
    sent_ns = models.BigIntegerField(null=True, help_text="when the request had been handed to the socket")
    answered_ns = models.BigIntegerField(null=True)
    refusal_code = models.CharField(max_length=60, blank=True)
    refusal_message = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    claimed_at = models.DateTimeField(null=True)
    absent_since = models.DateTimeField(null=True, help_text="when the exchange first did not know it")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account", "client_id"), name="intent_client_id_once_per_account"),
            models.UniqueConstraint(
                fields=("bot",),
                condition=Q(purpose="entry", is_live=True),
                name="intent_one_live_entry_per_bot",
            ),
            models.UniqueConstraint(
                fields=("position",),
                condition=Q(purpose="exit", is_live=True),
                name="intent_one_live_exit_per_position",
            ),
            models.CheckConstraint(
                condition=Q(client_id__gte=1) & Q(client_id__lte=MAX_CLIENT_ID),
                name="intent_client_id_is_uint32",
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="intent_quantity_is_positive"),
            models.CheckConstraint(
                condition=Q(purpose="entry") | Q(reduce_only=True), name="intent_only_entries_may_open"
            ),
            models.CheckConstraint(
                condition=~Q(purpose="entry") | (Q(post_only=True) & Q(stop_loss_price__isnull=False)),
                name="intent_entries_make_and_carry_a_stop",
            ),
            models.CheckConstraint(
                condition=~Q(purpose="stop") | Q(trigger_price__isnull=False),
                name="intent_stops_have_a_trigger",
            ),
        )
        indexes = (
            models.Index(fields=("account", "market"), condition=Q(is_live=True), name="intent_live"),
            models.Index(
                fields=("claimed_at",),
                condition=Q(state__in=("sending", "unknown")),
                name="intent_to_be_settled",
            ),
        )

    def __str__(self) -> str:
        return f"{self.purpose} {self.side} {plain(self.quantity)} ({self.account_id}/{self.client_id}, {self.state})"
