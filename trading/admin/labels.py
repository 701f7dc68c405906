"""Labels of the trading models, as people read them."""

from __future__ import annotations

from django.apps import apps
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import rename
from trading.models import Bot, Decision, DecisionTally, Fill, Market, Order, OrderIntent, Position

_OWNER = {"customer": _("customer"), "account": _("exchange account"), "market": _("market")}
_DECISION = {"bot": _("bot"), "approved": _("verdict"), "reason": _("reason")}


def label_trading() -> None:
    """Name what the trading pages show."""
    apps.get_app_config("trading").verbose_name = _("trading")
    _label_bots()
    _label_records()
    _label_decisions()


def _label_bots() -> None:
    rename(
        Market,
        row=_("market"),
        rows=_("markets"),
        symbol=_("symbol"),
        max_book_age_ms=_("book may be this old (ms)"),
        is_active=_("active"),
    )
    rename(
        Bot,
        row=_("bot"),
        rows=_("bots"),
        **_OWNER,
        mode=_("mode"),
        status=_("status"),
        order_quantity=_("quantity of an entry"),
        trigger_ratio=_("trigger (OBI)"),
        reversal_ratio=_("reversal exit (OBI)"),
        stop_loss_bps=_("stop-loss (bps)"),
        take_profit_bps=_("take-profit (bps)"),
        entry_ttl_ms=_("an entry's time to live (ms)"),
        cool_down_ms=_("cool-down (ms)"),
        entry_rejections=_("entries refused in a row"),
    )


def _label_records() -> None:
    rename(
        Position,
        row=_("position"),
        rows=_("positions"),
        **_OWNER,
        bot=_("bot"),
        side=_("side"),
        state=_("state"),
        exit_reason=_("reason of the exit"),
    )
    rename(
        OrderIntent,
        row=_("order intent"),
        rows=_("order intents"),
        **_OWNER,
        bot=_("bot"),
        position=_("position"),
        decision=_("decision"),
        client_id=_("client id"),
        purpose=_("purpose"),
        side=_("side"),
        order_type=_("order type"),
        state=_("state"),
        is_live=_("live"),
        post_only=_("post-only"),
        reduce_only=_("reduce-only"),
        refusal_code=_("refusal"),
        refusal_message=_("refusal, in the exchange's words"),
    )
    rename(
        Order,
        row=_("order"),
        rows=_("orders"),
        **_OWNER,
        position=_("position"),
        intent=_("order intent"),
        exchange_id=_("id at the exchange"),
        related_exchange_id=_("parent at the exchange"),
        client_id=_("client id"),
        side=_("side"),
        order_type=_("order type"),
        status=_("status"),
        post_only=_("post-only"),
        reduce_only=_("reduce-only"),
        expiry_reason=_("expired because"),
    )
    rename(
        Fill,
        row=_("fill"),
        rows=_("fills"),
        **_OWNER,
        order=_("order"),
        position=_("position"),
        trade_id=_("trade id"),
        side=_("side"),
        fee_asset=_("fee's asset"),
        is_maker=_("maker"),
    )


def _label_decisions() -> None:
    rename(
        Decision,
        row=_("decision"),
        rows=_("decisions"),
        **_DECISION,
        market=_("market"),
        book_sequence=_("last update in the book"),
    )
    rename(DecisionTally, row=_("verdict count"), rows=_("verdict counts"), **_DECISION, count=_("how often"))
