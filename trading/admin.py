"""Admin of the trading rows: operators look, and change only what is meant to be changed by hand."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from trading.models import Bot, Decision, DecisionTally, Fill, Market, Order, OrderIntent, Position


class RecordAdmin(ModelAdmin):
    """Base of what the engine writes: a record of what happened is read, never edited."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Market)
class MarketAdmin(ModelAdmin):
    """Markets: the grid comes from the exchange, the age limit is ours."""

    list_display = ("symbol", "tick_size", "step_size", "min_quantity", "max_book_age_ms", "is_active")
    readonly_fields = ("symbol", "tick_size", "step_size", "min_quantity")


@admin.register(Bot)
class BotAdmin(ModelAdmin):
    """Bots: what trades, where, and within which limits."""

    list_display = (
        "id",
        "customer",
        "account",
        "market",
        "mode",
        "status",
        "order_quantity",
        "trigger_ratio",
    )
    list_filter = ("status", "mode", "market")
    list_select_related = ("customer", "account", "market")
    readonly_fields = ("entry_rejections", "last_entry_us", "last_closed_us")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep a bot where it is: its customer, account and market never change."""
        fixed = () if obj is None else ("customer", "account", "market", "mode")
        return (*self.readonly_fields, *fixed)


@admin.register(Position)
class PositionAdmin(RecordAdmin):
    """Positions with their protection and naked time."""

    list_display = (
        "id",
        "account",
        "market",
        "side",
        "quantity",
        "state",
        "stop_price",
        "covered_quantity",
        "naked_max_ms",
        "exit_reason",
        "fees",
        "created_at",
    )
    list_filter = ("state", "exit_reason", "market")
    list_select_related = ("account", "market")

    @admin.display(description="longest naked time, ms")
    def naked_max_ms(self, position: Position) -> str:
        """Return the longest gap in milliseconds of wall time."""
        return f"{position.naked_max_us / 1_000:.1f}"


@admin.register(OrderIntent)
class OrderIntentAdmin(RecordAdmin):
    """Order intents and what became of them."""

    list_display = (
        "id",
        "account",
        "client_id",
        "purpose",
        "side",
        "quantity",
        "price",
        "state",
        "is_live",
        "reason",
    )
    list_filter = ("purpose", "state", "is_live", "market")
    list_select_related = ("account",)


@admin.register(Order)
class OrderAdmin(RecordAdmin):
    """Orders as the exchange has shown them."""

    list_display = (
        "exchange_id",
        "account",
        "market",
        "side",
        "order_type",
        "status",
        "price",
        "quantity",
        "trigger_price",
    )
    list_filter = ("status", "order_type", "market")
    list_select_related = ("account", "market")
    search_fields = ("exchange_id",)


@admin.register(Fill)
class FillAdmin(RecordAdmin):
    """Fills: the source of every figure about money."""

    list_display = (
        "trade_id",
        "account",
        "market",
        "side",
        "price",
        "quantity",
        "fee",
        "fee_asset",
        "is_maker",
    )
    list_filter = ("is_maker", "market")
    list_select_related = ("account", "market")


@admin.register(Decision)
class DecisionAdmin(RecordAdmin):
    """Decisions with the book that they were made on."""

    list_display = ("id", "bot", "approved", "reason", "obi", "book_sequence", "book_age_ms", "created_at")
    list_filter = ("approved", "reason", "market")
    list_select_related = ("bot",)


@admin.register(DecisionTally)
class DecisionTallyAdmin(RecordAdmin):
    """How often each bot came to each verdict."""

    list_display = ("bot", "approved", "reason", "count")
    list_filter = ("approved", "reason")
    list_select_related = ("bot",)
