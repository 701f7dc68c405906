"""Django's registration of the trading app."""

from __future__ import annotations

from django.apps import AppConfig


class TradingConfig(AppConfig):
    """Markets, bots, orders, fills, positions and decisions."""

    name = "trading"
    verbose_name = "Trading"
