"""Settings of the admin's look: its name, colours, sidebar and dashboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def _may_view(app: str, model: str) -> Callable[[HttpRequest], bool]:
    def permission(request: HttpRequest) -> bool:
        return bool(request.user.has_perm(f"{app}.view_{model}"))

    return permission


def _item(title: Any, icon: str, app: str, model: str) -> dict[str, Any]:
    link = reverse_lazy(f"admin:{app}_{model}_changelist")
    return {"title": title, "icon": icon, "link": link, "permission": _may_view(app, model)}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "OBIWORK",
    "SITE_HEADER": "OBIWORK",
    "SITE_SUBHEADER": _("Operators"),
    "SITE_SYMBOL": "candlestick_chart",
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "DASHBOARD_CALLBACK": "trading.admin.dashboard.dashboard",
    "COLORS": {
        "primary": {
            "50": "oklch(98.4% .014 180.72)",
            "100": "oklch(95.3% .051 180.801)",
            "200": "oklch(91% .096 180.426)",
            "300": "oklch(85.5% .138 181.071)",
            "400": "oklch(77.7% .152 181.912)",
            "500": "oklch(70.4% .14 182.503)",
            "600": "oklch(60% .118 184.704)",
            "700": "oklch(51.1% .096 186.391)",
            "800": "oklch(43.7% .078 188.216)",
            "900": "oklch(38.6% .063 188.416)",
            "950": "oklch(27.7% .046 192.524)",
        }
    },
    "SIDEBAR": {
        "navigation": [
            {"items": [{"title": _("Overview"), "icon": "monitoring", "link": reverse_lazy("admin:index")}]},
            {
                "title": _("Customers"),
                "separator": True,
                "items": [
                    _item(_("Customers"), "groups", "accounts", "customer"),
                    _item(_("Exchange accounts"), "account_balance_wallet", "accounts", "exchangeaccount"),
                    _item(_("Users"), "person", "accounts", "user"),
                ],
            },
            {
                "title": _("Trading"),
                "separator": True,
                "items": [
                    _item(_("Positions"), "shield", "trading", "position"),
                    _item(_("Bots"), "smart_toy", "trading", "bot"),
                    _item(_("Markets"), "show_chart", "trading", "market"),
                ],
            },
            {
                "title": _("Records"),
                "separator": True,
                "items": [
                    _item(_("Decisions"), "gavel", "trading", "decision"),
                    _item(_("Verdict counts"), "bar_chart", "trading", "decisiontally"),
                    _item(_("Order intents"), "outbox", "trading", "orderintent"),
                    _item(_("Orders"), "receipt_long", "trading", "order"),
                    _item(_("Fills"), "task_alt", "trading", "fill"),
                ],
            },
        ],
    },
}
