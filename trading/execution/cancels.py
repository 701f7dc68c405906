"""Cancels: asked for once, and believed only when the exchange confirms them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from trading.exchange.errors import ExchangeUnavailable, NoAnswer, OrderNotFound, RequestRefused
from trading.exchange.ports import OrderEntry
from trading.execution.bot_views import CANCEL_PATIENCE
from trading.execution.clients import credentials_of
from trading.models import Order

log = logging.getLogger(__name__)


def cancel_orders(order_ids: Iterable[int], *, exchange: OrderEntry, now: datetime) -> int:
    """Ask the exchange to cancel orders, and return how many requests it took.

    The rows change when the private stream confirms. A cancel that another process has just sent is left out; one
    that was refused or got no answer is sent again after a while by whoever still wants it.
    """
    asked = 0
    for order in Order.objects.filter(id__in=list(order_ids)).select_related("account__customer", "market"):
        if _claim(order, now):
            asked += _cancel(order, exchange)
    return asked


def _claim(order: Order, now: datetime) -> bool:
    idle = Order.objects.filter(id=order.pk, status__in=("New", "PartiallyFilled", "TriggerPending")).filter(
        Q(cancel_sent_at__isnull=True) | Q(cancel_sent_at__lt=now - CANCEL_PATIENCE)
    )
    return idle.update(cancel_sent_at=now) == 1


def _cancel(order: Order, exchange: OrderEntry) -> int:
    try:
        exchange.cancel_order(credentials_of(order.account), symbol=order.market.symbol, exchange_id=order.exchange_id)
    except OrderNotFound:
        log.info("cancel_found_nothing order=%s", order.pk)  # filled or ended meanwhile: the stream tells
    except (ExchangeUnavailable, RequestRefused, NoAnswer) as error:
        log.warning("cancel_failed order=%s error=%s", order.pk, error)
        return 0
    return 1
