"""Admin of the trading rows: operators look, and change only what is meant to be changed by hand."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from trading.admin.bots import BotAdmin, MarketAdmin
from trading.admin.dashboard import INDEX_TEMPLATE
from trading.admin.decisions import DecisionAdmin, DecisionTallyAdmin
from trading.admin.labels import label_trading
from trading.admin.orders import FillAdmin, OrderAdmin, OrderIntentAdmin
from trading.admin.positions import PositionAdmin

__all__ = [
    "BotAdmin",
    "DecisionAdmin",
    "DecisionTallyAdmin",
    "FillAdmin",
    "MarketAdmin",
    "OrderAdmin",
    "OrderIntentAdmin",
    "PositionAdmin",
]

admin.site.index_template = INDEX_TEMPLATE
admin.site.index_title = _("Overview")
label_trading()
