"""Admin of order intents, orders and fills: from what was wanted to what happened."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin import cells
from accounts.admin.base import RecordAdmin
from trading.admin import columns, words
from trading.admin.filters import WordsFilter
from trading.admin.positions import FillInline
from trading.models import Fill, Order, OrderIntent

_NS_PER_US = 1_000

_trigger = columns.exact("trigger_price", _("trigger"))
_type = columns.word("order_type", _("order type"))
_post_only = columns.flag("post_only", _("post-only"))
_reduce_only = columns.flag("reduce_only", _("reduce-only"))
_live = columns.flag("is_live", _("live"))
_at_exchange = columns.moment_of_us("engine_us", _("exchange's clock"))


@admin.register(OrderIntent)
class OrderIntentAdmin(RecordAdmin):
    """Order intents and what became of them."""

    list_display = (
        "id",
        "coloured_state",
        "why",
        columns.account,
        columns.market,
        columns.side,
        columns.quantity,
        columns.price_or_trigger,
        "answer_time",
        columns.created,
    )
    list_filter = (("state", WordsFilter), ("purpose", WordsFilter), "is_live", "market")
    list_select_related = ("account", "market")
    search_fields = ("=id", "=client_id", "account__label", "customer__name", "market__symbol")
    search_help_text = _("client id, account, customer, symbol or id")
    fieldsets = (
        (None, {"fields": (columns.customer, columns.account, columns.market, columns.bot)}),
        (_("why"), {"fields": ("purpose_word", columns.reason, columns.decision, columns.position)}),
        (
            _("what was wanted"),
            {
                "fields": (
                    columns.side,
                    _type,
                    columns.quantity,
                    columns.price,
                    _trigger,
                    "attached_stop",
                    _post_only,
                    _reduce_only,
                )
            },
        ),
        (
            _("what became of it"),
            {
                "fields": (
                    "coloured_state",
                    _live,
                    "at_exchange",
                    "client_id",
                    "refusal_code",
                    "refusal_message",
                    "sent",
                    "answer_time",
                    columns.created,
                )
            },
        ),
    )
    readonly_fields = tuple(field for _name, options in fieldsets for field in options["fields"])

    coloured_state = staticmethod(columns.coloured("state", _("state"), words.INTENT_COLOURS))
    purpose_word = staticmethod(columns.word("purpose", _("purpose")))
    attached_stop = staticmethod(columns.exact("stop_loss_price", _("stop inside the entry")))

    @display(description=_("purpose"), ordering="purpose")
    def why(self, intent: OrderIntent) -> str:
        """Return what it is for, and why where that is said."""
        purpose = words.state(intent.purpose)
        return f"{purpose}: {words.reason(intent.reason)}" if intent.reason else purpose

    @display(description=_("answered after"))
    def answer_time(self, intent: OrderIntent) -> str:
        """Return how long the exchange took to answer; no answer has no time."""
        if intent.sent_ns is None or intent.answered_ns is None:
            return cells.DASH
        return cells.milliseconds((intent.answered_ns - intent.sent_ns) // _NS_PER_US)

    @display(description=_("sent (our clock)"), ordering="sent_ns")
    def sent(self, intent: OrderIntent) -> str:
        """Return when the request had been handed to the socket."""
        return cells.moment_of_us(None if intent.sent_ns is None else intent.sent_ns // _NS_PER_US)

    @display(description=_("order"))
    def at_exchange(self, intent: OrderIntent) -> SafeString | str:
        """Return the order that came of it, linked."""
        order = Order.objects.filter(intent=intent).first()
        return cells.DASH if order is None else cells.link(order, order.exchange_id)


@admin.register(Order)
class OrderAdmin(RecordAdmin):
    """Orders as the exchange has shown them."""

    list_display = (
        "exchange_id",
        "coloured_status",
        columns.account,
        columns.market,
        columns.side,
        columns.filled,
        columns.price_or_trigger,
        columns.intent,
        columns.position,
        columns.created,
    )
    list_filter = (("status", WordsFilter), "order_type", "reduce_only", "market")
    list_select_related = ("account", "market", "intent", "position")
    search_fields = ("=exchange_id", "=client_id", "account__label", "customer__name", "market__symbol")
    search_help_text = _("id at the exchange, client id, account, customer or symbol")
    fieldsets = (
        (None, {"fields": (columns.customer, columns.account, columns.market, columns.intent, columns.position)}),
        (
            _("what it is"),
            {
                "fields": (
                    columns.side,
                    _type,
                    columns.order_quantity,
                    columns.price,
                    _trigger,
                    "trigger_amount",
                    _post_only,
                    _reduce_only,
                )
            },
        ),
        (_("what became of it"), {"fields": ("coloured_status", columns.filled, "expiry_reason", "placed", "updated")}),
        (_("at the exchange"), {"fields": ("exchange_id", "related_exchange_id", "client_id")}),
    )
    readonly_fields = tuple(field for _name, options in fieldsets for field in options["fields"])
    inlines = (FillInline,)

    coloured_status = staticmethod(columns.coloured("status", _("status"), words.ORDER_COLOURS))
    trigger_amount = staticmethod(columns.exact("trigger_quantity", _("quantity at the trigger")))
    placed = staticmethod(columns.moment_of_us("placed_us", _("placed (exchange's clock)")))
    updated = staticmethod(columns.moment_of_us("updated_us", _("newest event (exchange's clock)")))


@admin.register(Fill)
class FillAdmin(RecordAdmin):
    """Fills: the source of every figure about money."""

    list_display = (
        "trade_id",
        columns.account,
        columns.market,
        columns.side,
        columns.quantity,
        columns.price,
        "paid",
        "fee_asset",
        columns.maker,
        columns.order,
        columns.position,
        _at_exchange,
    )
    list_filter = ("is_maker", ("side", WordsFilter), "market")
    list_select_related = ("account", "market", "order", "position")
    search_fields = ("=trade_id", "=order__exchange_id", "account__label", "customer__name", "market__symbol")
    search_help_text = _("trade id, order, account, customer or symbol")
    fields = (
        "trade_id",
        columns.customer,
        columns.account,
        columns.market,
        columns.order,
        columns.position,
        columns.side,
        columns.quantity,
        columns.price,
        "paid",
        "fee_asset",
        columns.maker,
        _at_exchange,
        columns.created,
    )
    readonly_fields = fields

    paid = staticmethod(columns.exact("fee", _("fee")))
