"""Cancels: asked for once, not waited for, and believed only when the exchange confirms them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import cache

from django.db.models import Q

from trading.exchange.errors import ExchangeError, OrderNotFound
from trading.exchange.ports import OrderEntry
from trading.execution.bot_views import CANCEL_PATIENCE
from trading.execution.clients import credentials_of
from trading.models import Order
from trading.models.order import OPEN

log = logging.getLogger(__name__)

THREADS = 8


def cancel_orders(order_ids: Iterable[int], *, exchange: OrderEntry, now: datetime) -> list[Future[None]]:
    """Ask the exchange to cancel orders, without waiting for its answers.

    The rows change when the private stream, or a look-up, confirms. A cancel that another process has just sent is left
    out; one that was refused or got no answer is sent again after a while by whoever still wants it.
    """
    orders = Order.objects.filter(id__in=list(order_ids)).select_related("account__customer", "market")
    return [_senders().submit(_cancel, order, exchange) for order in orders if _claim(order, now)]


def finish_cancels() -> None:
    """Wait for the cancels that have been asked for. A later one is sent all the same."""
    _senders().shutdown(wait=True)
    _senders.cache_clear()


@cache
def _senders() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="cancel")


def _claim(order: Order, now: datetime) -> bool:
    idle = Order.objects.filter(id=order.pk, status__in=OPEN).filter(
        Q(cancel_sent_at__isnull=True) | Q(cancel_sent_at__lt=now - CANCEL_PATIENCE)
    )
    return idle.update(cancel_sent_at=now) == 1


def _cancel(order: Order, exchange: OrderEntry) -> None:
    """Send one cancel. It reads what is loaded already: a sender's thread has no database connection."""
    try:
        exchange.cancel_order(credentials_of(order.account), symbol=order.market.symbol, exchange_id=order.exchange_id)
    except OrderNotFound:
        log.info("cancel_found_nothing order=%s", order.pk)  # filled or ended meanwhile: the stream tells
    except ExchangeError as error:
        log.warning("cancel_failed order=%s error=%s", order.pk, error)
    except Exception:  # the outermost point of a thread
        log.exception("cancel_broke order=%s", order.pk)
