"""Look-ups: questions about accounts, asked in threads of their own, so that a slow answer holds up no protection."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import connections

from accounts.models import ExchangeAccount
from trading.exchange.errors import ExchangeError
from trading.exchange.ports import AccountReader, OrderEntry
from trading.execution.cancels import cancel_orders
from trading.execution.clients import credentials_of
from trading.execution.reconciliation import Reconciler
from trading.execution.stream_readers import LookedUp, Message
from trading.execution.sweeps import leftover_orders
from trading.models import Order

log = logging.getLogger(__name__)

THREADS = 4


@dataclass(slots=True, kw_only=True)
class LookUps:
    """Asks the exchange about accounts, each at most once at a time; `messages` gets the outcome."""

    reconciler: Callable[[], Reconciler]
    exchange: OrderEntry
    messages: queue.SimpleQueue[Message]
    executor: Executor
    running: set[int] = field(default_factory=set)
    again: set[int] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, account: ExchangeAccount) -> None:
        """Begin a reconciliation of an account; while one is under way, another follows it."""
        with self.lock:
            if account.pk in self.running:
                self.again.add(account.pk)
                return
            self.running.add(account.pk)
        try:
            self.executor.submit(self._run, account)
        except RuntimeError:  # the worker is closing
            self.running.discard(account.pk)

    def tidy(self, accounts: Mapping[int, ExchangeAccount]) -> None:
        """Cancel what closed positions have left behind, in the background."""
        self.executor.submit(self._tidy, dict(accounts))

    def _run(self, account: ExchangeAccount) -> None:
        succeeded, started_ns = False, time.time_ns()
        try:
            fresh = ExchangeAccount.objects.select_related("customer").get(id=account.pk)
            self.reconciler().reconcile(fresh, now=datetime.now(tz=UTC), received_ns=started_ns)
            succeeded = True
        except ExchangeError as error:
            log.warning("reconciliation_failed account=%s error=%s", account.pk, error)
        except Exception:  # the outermost point of a thread: one account's trouble must not end the others' look-ups
            log.exception("reconciliation_broke account=%s", account.pk)
        finally:
            connections.close_all()
            self.messages.put(LookedUp(account.pk, succeeded, started_ns))
            self._end(account)

    def _end(self, account: ExchangeAccount) -> None:
        with self.lock:
            self.running.discard(account.pk)
            if account.pk not in self.again:
                return
            self.again.discard(account.pk)
        self.start(account)

    def _tidy(self, accounts: dict[int, ExchangeAccount]) -> None:
        try:
            now = datetime.now(tz=UTC)
            leftovers = Order.objects.filter(id__in=leftover_orders(accounts, now=now)).select_related("market")
            by_account: dict[int, list[Order]] = {}
            for order in leftovers:
                by_account.setdefault(order.account_id, []).append(order)
            for account_id, orders in by_account.items():
                self._cancel_where_flat(accounts[account_id], orders, now)
        except Exception:  # as above
            log.exception("tidying_broke")
        finally:
            connections.close_all()

    def _cancel_where_flat(self, account: ExchangeAccount, orders: list[Order], now: datetime) -> None:
        """Cancel leftovers in markets where the exchange, too, shows no position: our rows may lack a fill."""
        reader: AccountReader = self.reconciler().exchange
        try:
            held = {one.symbol for one in reader.positions(credentials_of(account)) if one.net_quantity != 0}
        except ExchangeError as error:
            log.warning("leftovers_kept account=%s error=%s", account.pk, error)
            return
        flat = [order.pk for order in orders if order.market.symbol not in held]
        cancel_orders(flat, exchange=self.exchange, now=now)
        if len(flat) < len(orders):
            self.start(account)
