"""Look-ups: questions about accounts, asked in threads of their own, so that a slow answer holds up no protection."""

from __future__ import annotations

import logging
import queue
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

    def start(self, account: ExchangeAccount) -> None:
        """Begin a reconciliation of an account, unless one is under way."""
        if account.pk not in self.running:
            self.running.add(account.pk)
            self.executor.submit(self._run, account)

    def tidy(self, accounts: Mapping[int, ExchangeAccount]) -> None:
        """Cancel what closed positions have left behind, in the background."""
        self.executor.submit(self._tidy, dict(accounts))

    def _run(self, account: ExchangeAccount) -> None:
        succeeded = False
        try:
            fresh = ExchangeAccount.objects.select_related("customer").get(id=account.pk)
            self.reconciler().reconcile(fresh, now=datetime.now(tz=UTC), received_ns=time.time_ns())
            succeeded = True
        except ExchangeError as error:
            log.warning("reconciliation_failed account=%s error=%s", account.pk, error)
        except Exception:  # the outermost point of a thread: one account's trouble must not end the others' look-ups
            log.exception("reconciliation_broke account=%s", account.pk)
        finally:
            connections.close_all()
            self.running.discard(account.pk)
            self.messages.put(LookedUp(account.pk, succeeded))

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
