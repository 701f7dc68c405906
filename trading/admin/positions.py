"""Admin of positions: protection, naked time, and everything that was done for one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin import cells
from accounts.admin.base import RecordAdmin, RecordInline
from trading.admin import columns, words
from trading.admin.filters import WordsFilter
from trading.models import Fill, Order, OrderIntent, Position


class CoverageFilter(admin.SimpleListFilter):
    """Whether confirmed stops cover a position."""

    title = _("coverage")
    parameter_name = "coverage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("open")), ("missing", _("not covered")), ("complete", _("covered"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        opened = queryset.exclude(state="closed")
        if self.value() == "missing":
            return opened.filter(covered_quantity__lt=F("quantity"))
        return opened.filter(covered_quantity__gte=F("quantity")) if self.value() == "complete" else opened


class IntentInline(RecordInline):
    """The orders that were wanted for a position."""

    model = OrderIntent
    fields = (columns.page, "purpose_word", "coloured_state", columns.side, columns.quantity, columns.price, "trigger")
    readonly_fields = fields
    purpose_word = staticmethod(columns.word("purpose", _("purpose")))
    coloured_state = staticmethod(columns.coloured("state", _("state"), words.INTENT_COLOURS))
    trigger = staticmethod(columns.exact("trigger_price", _("trigger")))


class OrderInline(RecordInline):
    """The orders at the exchange that belong to a position."""

    model = Order
    fields = (columns.own_order, "coloured_status", columns.side, columns.order_quantity, columns.price, "trigger")
    readonly_fields = fields
    coloured_status = staticmethod(columns.coloured("status", _("status"), words.ORDER_COLOURS))
    trigger = staticmethod(columns.exact("trigger_price", _("trigger")))


class FillInline(RecordInline):
    """The fills that made a position."""

    model = Fill
    fields = (
        columns.page,
        columns.side,
        columns.quantity,
        columns.price,
        "exact_fee",
        "fee_asset",
        columns.maker,
        "at",
    )
    readonly_fields = fields
    exact_fee = staticmethod(columns.exact("fee", _("fee")))
    at = staticmethod(columns.moment_of_us("engine_us", _("exchange's clock")))


@admin.register(Position)
class PositionAdmin(RecordAdmin):
    """Positions with their protection and naked time."""

    list_display = (
        "id",
        "coloured_state",
        columns.account,
        columns.market,
        "held",
        "entry_price",
        "stop",
        "coverage",
        "naked_longest",
        "exited",
        "result",
        "since",
    )
    list_filter = (("state", WordsFilter), CoverageFilter, "market", ("side", WordsFilter))
    list_select_related = ("account", "market")
    search_fields = ("=id", "account__label", "customer__name", "market__symbol", "exit_reason")
    search_help_text = _("account, customer, symbol or id")
    fieldsets = (
        (None, {"fields": (columns.customer, columns.account, columns.market, columns.bot)}),
        (
            _("protection"),
            {"fields": ("coloured_state", "stop", "coverage", "naked_longest", "naked_total", "naked_since")},
        ),
        (_("what it is"), {"fields": (columns.direction, columns.quantity, "entry_price", "entered")}),
        (_("outcome"), {"fields": ("exited", "result", "fees_paid", "opened", "closed")}),
    )
    readonly_fields = tuple(field for _name, options in fieldsets for field in options["fields"])
    inlines = (IntentInline, OrderInline, FillInline)

    coloured_state = staticmethod(columns.coloured("state", _("state"), words.POSITION_COLOURS))
    fees_paid = staticmethod(columns.exact("fees", _("fees")))
    entered = staticmethod(columns.exact("entry_quantity", _("quantity entered")))
    since = staticmethod(columns.moment("created_at", _("stored")))
    opened = staticmethod(columns.moment_of_us("opened_us", _("opened (exchange's clock)")))
    closed = staticmethod(columns.moment_of_us("closed_us", _("closed (exchange's clock)")))
    naked_since = staticmethod(columns.moment_of_us("naked_since_us", _("naked since (exchange's clock)")))

    @display(description=_("size"), ordering="quantity")
    def held(self, position: Position) -> str:
        """Return side and quantity."""
        return size(position)

    @display(description=_("entry"))
    def entry_price(self, position: Position) -> str:
        """Return the average price of what built the position."""
        return entry_price(position)

    @display(description=_("stop"), ordering="stop_price")
    def stop(self, position: Position) -> str:
        """Return where the stop belongs."""
        return stop(position)

    @display(description=_("coverage"))
    def coverage(self, position: Position) -> str:
        """Return which part of the position confirmed stops cover."""
        return coverage(position)

    @display(description=_("longest naked"), ordering="naked_max_us")
    def naked_longest(self, position: Position) -> str:
        """Return the longest gap, in wall time."""
        return cells.milliseconds(position.naked_max_us)

    @display(description=_("naked time, all gaps together"), ordering="naked_us")
    def naked_total(self, position: Position) -> str:
        """Return all gaps together, in wall time."""
        return cells.milliseconds(position.naked_us)

    @display(description=_("exit"), ordering="exit_reason")
    def exited(self, position: Position) -> str:
        """Return why it ended."""
        return words.reason(position.exit_reason)

    @display(description=_("gross result"))
    def result(self, position: Position) -> str:
        """Return the result of a closed position; an open one has none yet."""
        return cells.number(position.holding.pnl_gross) if position.state == "closed" else cells.DASH


def size(position: Position) -> str:
    """Return side and quantity, in one piece."""
    return f"{words.direction(position.side)}\N{NO-BREAK SPACE}{cells.number(position.quantity)}"


def entry_price(position: Position) -> str:
    """Return the average entry price, rounded to a hundredth of the market's tick."""
    if position.entry_quantity == 0:
        return cells.DASH
    return cells.number(position.holding.entry_price.quantize(position.market.tick_size / 100).normalize())


def stop(position: Position) -> str:
    """Return where a position's stop belongs; one that was made by hand has none of ours."""
    return gettext("by hand") if position.stop_price is None else cells.number(position.stop_price)


def coverage(position: Position) -> str:
    """Return the covered share of an open position in percent, rounded down: 100 % means all of it."""
    if position.quantity == 0:
        return cells.DASH
    share = int(position.covered_quantity * Decimal(100) / position.quantity)
    return f"{share} %"
