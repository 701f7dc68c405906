"""Admin of exchange accounts. A sealed secret is never shown, not even sealed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin.base import KeptAdmin
from accounts.admin.cells import DASH, label, link, list_link, moment
from accounts.models import ExchangeAccount

_RECORDS = (
    ("trading_bot", _("bots")),
    ("trading_position", _("positions")),
    ("trading_orderintent", _("order intents")),
    ("trading_order", _("orders")),
    ("trading_fill", _("fills")),
)


def stopped() -> Q:
    """Return the condition of an active account that may not open positions; the row's `entry_stops` says why."""
    causes = ~Q(entries_stopped_reason="") | ~Q(position_difference="") | Q(is_unwatched=True)
    return Q(is_active=True) & causes


def causes_of(account: ExchangeAccount) -> str:
    """Return why an account may not open positions, or a dash."""
    return "; ".join(gettext(cause) for cause in account.entry_stops) or DASH


class EntriesFilter(admin.SimpleListFilter):
    """Whether an account may open new positions."""

    title = _("entries")
    parameter_name = "entries"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("stopped", pgettext("entries", "stopped")), ("allowed", pgettext("entries", "allowed"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "stopped":
            return queryset.filter(stopped())
        return queryset.filter(~stopped(), is_active=True) if self.value() == "allowed" else queryset


@admin.register(ExchangeAccount)
class ExchangeAccountAdmin(KeptAdmin):
    """Accounts at the exchange; they are made with their key sealed, never here."""

    list_display = ("label", "of_customer", "entries", "causes", "is_active", "shard", "key_start")
    list_filter = (EntriesFilter, "is_active", "shard")
    list_select_related = ("customer",)
    search_fields = ("label", "api_key", "customer__name")
    fieldsets = (
        (None, {"fields": ("label", "of_customer", "is_active")}),
        (_("entries"), {"fields": ("entries", "causes", "entries_stopped_reason")}),
        (_("records"), {"fields": ("records",)}),
        (_("at the exchange"), {"fields": ("api_key", "public_id", "shard", "created")}),
    )
    readonly_fields = (
        "of_customer",
        "entries",
        "causes",
        "records",
        "public_id",
        "api_key",
        "shard",
        "created",
    )

    def has_add_permission(self, *_: Any, **__: Any) -> bool:
        """Refuse: a secret typed into the admin would pass through a process that must not see it."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep an account active while it has something at the exchange: nobody watches an inactive one."""
        busy = obj is not None and (
            obj.positions.exclude(state="closed").exists() or obj.intents.filter(is_live=True).exists()
        )
        return (*self.readonly_fields, *(("is_active",) if busy else ()))

    @display(description=_("customer"), ordering="customer__name")
    def of_customer(self, account: ExchangeAccount) -> SafeString | str:
        """Return the customer, linked."""
        return link(account.customer, account.customer.name)

    @display(description=_("entries"))
    def entries(self, account: ExchangeAccount) -> SafeString:
        """Return whether new positions may be opened."""
        if account.entry_stops:
            return label(pgettext("entries", "stopped"), colour="warning")
        return label(pgettext("entries", "allowed"), colour="success")

    @display(description=_("because"))
    def causes(self, account: ExchangeAccount) -> str:
        """Return everything that stops entries now."""
        return causes_of(account)

    @display(description=_("what it has done"))
    def records(self, account: ExchangeAccount) -> SafeString:
        """Return links to everything that belongs to the account."""
        filters = {"account__id__exact": account.pk}
        return format_html_join(
            " · ", "{}", ((list_link(str(words), model=model, filters=filters),) for model, words in _RECORDS)
        )

    @display(description=_("API key"))
    def key_start(self, account: ExchangeAccount) -> str:
        """Return enough of the public key to recognise it."""
        return f"{account.api_key[:8]}…"

    @display(description=_("created"), ordering="created_at")
    def created(self, account: ExchangeAccount) -> str:
        """Return when the account was added."""
        return moment(account.created_at)
