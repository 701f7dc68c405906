"""Admin of decisions: what was decided, why, and on which book."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin import cells
from accounts.admin.base import RecordAdmin, RecordInline
from trading.admin import columns, words
from trading.models import Decision, DecisionTally, OrderIntent


class VerdictFilter(admin.SimpleListFilter):
    """What was decided about an entry."""

    title = _("verdict")
    parameter_name = "verdict"
    _values = {"approved": True, "vetoed": False, "managing": None}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, words.verdict(approved)) for name, approved in self._values.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = self.value()
        return queryset if chosen not in self._values else queryset.filter(approved=self._values[chosen])


class ReasonFilter(admin.SimpleListFilter):
    """Why; the known reasons, because collecting those in use would read the whole table."""

    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(words.REASONS.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset if self.value() is None else queryset.filter(reason=self.value())


class CausedInline(RecordInline):
    """The order intents that followed a decision."""

    model = OrderIntent
    fields = (columns.page, "purpose_word", "coloured_state", columns.side, columns.quantity, columns.price)
    readonly_fields = fields
    purpose_word = staticmethod(columns.word("purpose", _("purpose")))
    coloured_state = staticmethod(columns.coloured("state", _("state"), words.INTENT_COLOURS))


@display(description=_("verdict"), ordering="approved")
def _verdict(row: Any) -> SafeString:
    return cells.label(words.verdict(row.approved), colour=words.VERDICT_COLOURS[row.approved])


@display(description="OBI", ordering="obi")
def _obi(decision: Decision) -> str:
    return cells.number(decision.obi, places=3)


@display(description=_("age of the book"), ordering="book_age_ms")
def _book_age(decision: Decision) -> str:
    return f"{cells.number(decision.book_age_ms, places=1)} ms"


@display(description=_("account"), ordering="bot__account__label")
def _account(row: Any) -> SafeString | str:
    return cells.link(row.bot.account, row.bot.account.label)


_book_clock = columns.moment_of_us("exchange_us", _("book's last update (exchange's clock)"))


@admin.register(Decision)
class DecisionAdmin(RecordAdmin):
    """Decisions with the book that they were made on."""

    list_display = (
        "id",
        _verdict,
        columns.reason,
        _account,
        columns.market,
        columns.bot,
        _obi,
        _book_age,
        columns.created,
    )
    list_filter = (VerdictFilter, ReasonFilter, "market")
    list_select_related = ("bot__account", "market")
    search_fields = ("=id", "bot__account__label", "customer__name", "market__symbol", "=reason")
    search_help_text = _("account, customer, symbol, reason or id")
    fieldsets = (
        (None, {"fields": (columns.customer, _account, columns.market, columns.bot)}),
        (_("decision"), {"fields": (_verdict, columns.reason, _obi)}),
        (_("book"), {"fields": ("book_sequence", _book_age, _book_clock, columns.created)}),
    )
    readonly_fields = tuple(field for _name, options in fieldsets for field in options["fields"])
    inlines = (CausedInline,)


@admin.register(DecisionTally)
class DecisionTallyAdmin(RecordAdmin):
    """How often each bot came to each verdict."""

    list_display = (_verdict, columns.reason, "count", _account, "symbol", columns.bot)
    list_filter = (VerdictFilter, ReasonFilter, "bot__market")
    list_select_related = ("bot__account", "bot__market")
    search_fields = ("bot__account__label", "customer__name", "bot__market__symbol")
    fields = (_verdict, columns.reason, "count", columns.customer, _account, "symbol", columns.bot)
    readonly_fields = fields
    ordering = ("-count",)

    @display(description=_("market"), ordering="bot__market__symbol")
    def symbol(self, tally: DecisionTally) -> str:
        """Return the symbol."""
        return tally.bot.market.symbol
