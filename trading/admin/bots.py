"""Admin of markets and bots: what an operator may change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from accounts.admin.base import KeptAdmin
from accounts.admin.cells import DASH, label, link, list_link
from trading.admin import columns, words
from trading.admin.filters import WordsFilter
from trading.models import Bot, Market, Position

_tick = columns.exact("tick_size", _("tick size"))
_step = columns.exact("step_size", _("step size"))
_minimum = columns.exact("min_quantity", _("smallest quantity"))


@admin.register(Market)
class MarketAdmin(KeptAdmin):
    """Markets: the grid comes from the exchange, the age limit is ours."""

    list_display = ("symbol", _tick, _step, _minimum, "max_book_age_ms", "is_active", "live_bots")
    list_filter = ("is_active",)
    search_fields = ("symbol",)
    fields = ("symbol", _tick, _step, _minimum, "max_book_age_ms", "is_active")
    readonly_fields = ("symbol", _tick, _step, _minimum)

    def has_add_permission(self, *_: Any, **__: Any) -> bool:
        """Refuse: the exchange says which markets there are."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Market]:
        live = Count("bots", filter=Q(bots__status=Bot.Status.LIVE))
        rows: QuerySet[Market] = super().get_queryset(request)
        return rows.annotate(live_bot_count=live)

    @display(description=_("live bots"), ordering="live_bot_count")
    def live_bots(self, market: Any) -> SafeString:
        """Return how many bots trade it, linked to them."""
        filters = {"market__id__exact": market.pk, "status__exact": Bot.Status.LIVE.value}
        return list_link(str(market.live_bot_count), model="trading_bot", filters=filters)


@admin.register(Bot)
class BotAdmin(KeptAdmin):
    """Bots: what trades, where, and within which limits."""

    list_display = (
        "name",
        columns.coloured("status", _("status"), words.BOT_COLOURS),
        columns.account,
        columns.market,
        columns.exact("order_quantity", _("quantity")),
        columns.exact("trigger_ratio", _("trigger")),
        columns.exact("stop_loss_bps", _("stop (bps)")),
        columns.exact("take_profit_bps", _("target (bps)")),
        "open_position",
        "round_trips",
    )
    list_filter = (("status", WordsFilter), ("mode", WordsFilter), "market")
    list_select_related = ("customer", "account", "market")
    list_fullwidth = True
    search_fields = ("customer__name", "account__label", "market__symbol")
    autocomplete_fields = ("account", "market")
    actions = ("stop_bots",)
    fieldsets = (
        (None, {"fields": ("account", "market", "mode", "status")}),
        (_("entries"), {"fields": ("order_quantity", "trigger_ratio", "entry_ttl_ms", "cool_down_ms")}),
        (_("protection and exits"), {"fields": ("stop_loss_bps", "take_profit_bps", "reversal_ratio")}),
    )
    read_fieldsets = (
        (_("records"), {"fields": ("records",)}),
        (_("where it stands"), {"fields": ("entry_rejections", "last_entry", "last_closed", columns.created)}),
    )
    readonly_fields = ("records", "entry_rejections", "last_entry", "last_closed", columns.created)

    last_entry = staticmethod(columns.moment_of_us("last_entry_us", _("last entry (exchange's clock)")))
    last_closed = staticmethod(columns.moment_of_us("last_closed_us", _("last close (exchange's clock)")))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bot]:
        closed = Position.objects.filter(bot=OuterRef("pk"), state="closed").order_by().values("bot")
        opened = Position.objects.filter(bot=OuterRef("pk")).exclude(state="closed")
        rows: QuerySet[Bot] = super().get_queryset(request)
        return rows.annotate(
            closed_count=Coalesce(Subquery(closed.annotate(count=Count("pk")).values("count")), 0),
            open_id=Subquery(opened.values("pk")[:1]),
            open_state=Subquery(opened.values("state")[:1]),
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show what a bot has done once there is a bot."""
        return self.fieldsets if obj is None else (self.fieldsets[0], *self.read_fieldsets, *self.fieldsets[1:])

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        """Keep a bot where it is: its account, market and mode never change."""
        fixed = () if obj is None else ("account", "market", "mode")
        return (*self.readonly_fields, *fixed)

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        """Give a new bot its account's customer: another tenant's would be a bot that trades a stranger's money."""
        if not change:
            obj.customer = obj.account.customer
        super().save_model(request, obj, form, change)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the choices in the same words as the lists."""
        kwargs["choices"] = [(code, words.state(code)) for code, _name in db_field.choices]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    @action(description=_("Stop: no new entries, what is open stays protected"), permissions=["change"])
    def stop_bots(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        """Stop the chosen bots, and put on record who did it."""
        stopped = []
        for bot in queryset.filter(status=Bot.Status.LIVE):
            if Bot.objects.filter(pk=bot.pk, status=Bot.Status.LIVE).update(status=Bot.Status.STOPPED):
                self.log_change(request, bot, pgettext("bot", "stopped"))
                stopped.append(bot)
        said = ngettext("%(count)d bot stopped.", "%(count)d bots stopped.", len(stopped)) % {"count": len(stopped)}
        self.message_user(request, said, messages.SUCCESS)

    @display(description=_("bot"), ordering="id")
    def name(self, bot: Bot) -> str:
        """Return what the bot is called."""
        return columns.bot_name(bot)

    @display(description=_("open position"))
    def open_position(self, bot: Any) -> SafeString | str:
        """Return the state of what the bot holds, linked to it."""
        if not bot.open_id:
            return DASH
        text = label(words.state(bot.open_state), colour=words.POSITION_COLOURS.get(bot.open_state, words.NEUTRAL))
        return link(Position(pk=bot.open_id), text)

    @display(description=_("round trips"), ordering="closed_count")
    def round_trips(self, bot: Any) -> SafeString:
        """Return how many positions were opened and closed, linked to them."""
        filters = {"bot__id__exact": bot.pk, "state__exact": "closed"}
        return list_link(str(bot.closed_count), model="trading_position", filters=filters)

    @display(description=_("what it has done"))
    def records(self, bot: Any) -> SafeString:
        """Return links to everything that the bot has done."""
        own = {"bot__id__exact": bot.pk}
        there = {"account__id__exact": bot.account_id, "market__id__exact": bot.market_id}
        links = [
            list_link(gettext("positions"), model="trading_position", filters=own),
            list_link(gettext("order intents"), model="trading_orderintent", filters=own),
            list_link(gettext("orders"), model="trading_order", filters=there),
            list_link(gettext("fills"), model="trading_fill", filters=there),
            list_link(gettext("decisions"), model="trading_decision", filters=own),
            list_link(gettext("verdict counts"), model="trading_decisiontally", filters=own),
            link(bot.account, gettext("exchange account")),
        ]
        return format_html_join(" · ", "{}", ((one,) for one in links))
