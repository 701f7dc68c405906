"""Accounts worker: private streams into rows, and what a fill leaves uncovered into protection."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from redis import Redis
from redis.exceptions import RedisError

from accounts.models import ExchangeAccount
from trading.board.keys import Keys
from trading.exchange.backpack.parse import parse_order_update
from trading.exchange.errors import ExchangeError, UnexpectedAnswer
from trading.exchange.ports import OrderEntry
from trading.execution.account_events import apply
from trading.execution.cancels import cancel_orders
from trading.execution.liveness import show_accounts_alive
from trading.execution.protection import Protector
from trading.execution.reconciliation import Reconciler
from trading.execution.shown import shown_by_stream
from trading.execution.stream_readers import (
    ORDER_UPDATES,
    Connected,
    Disconnected,
    Message,
    Received,
    StreamReader,
)
from trading.execution.sweeps import accounts_with_questions, leftover_orders, naked_positions
from trading.models import Market, Position

log = logging.getLogger(__name__)

POLL_S = 0.02
ATTACHED_STOP_GRACE_S = 0.025  # the attached stop is confirmed within the same millisecond where it works
SWEEP_EVERY_S = 0.25
LEFTOVERS_EVERY_S = 2.0
ACCOUNTS_EVERY_S = 5.0
QUESTIONS_EVERY_S = 1.0
RECONCILE_EVERY_S = 20.0
STREAM_DOWN = "private stream is down"

ProtectLater = Callable[[int], None]


@dataclass(slots=True, kw_only=True)
class AccountsWorker:
    """Keeps the accounts of one shard: one thread reads each private stream, this one alone writes rows.

    `protect_later` enqueues protection; where that fails, or nobody acts, the worker protects by itself.
    """

    shard: int
    redis: Redis
    keys: Keys
    exchange: OrderEntry
    reconciler: Reconciler
    protector: Protector
    protect_later: ProtectLater
    make_reader: Callable[[ExchangeAccount, queue.SimpleQueue[Message]], StreamReader]
    speed: float
    messages: queue.SimpleQueue[Message] = field(default_factory=queue.SimpleQueue)
    accounts: dict[int, ExchangeAccount] = field(default_factory=dict)
    markets: dict[str, Market] = field(default_factory=dict)
    due: dict[int, float] = field(default_factory=dict)
    next_at: dict[str, float] = field(default_factory=dict)
    connected: set[int] = field(default_factory=set)
    questions: set[int] = field(default_factory=set)

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop. Starting is recovering: each connection begins with a reconciliation."""
        while not stop.is_set():
            self.step()

    def step(self) -> None:
        """Take what has come, protect what is due, and do what the time asks for."""
        self._every(ACCOUNTS_EVERY_S, "accounts", self._load_accounts)
        self._take_messages()
        self._protect_due()
        self._every(SWEEP_EVERY_S, "sweep", self._sweep)
        self._every(LEFTOVERS_EVERY_S, "leftovers", self._cancel_leftovers)
        self._every(QUESTIONS_EVERY_S, "questions", self._ask_questions)
        self._every(RECONCILE_EVERY_S, "reconcile", self._reconcile_all)

    def _take_messages(self) -> None:
        """Apply everything that has come, then judge: a fill and its stop arrive one behind the other."""
        try:
            message = self.messages.get(timeout=POLL_S)
        except queue.Empty:
            return
        touched = set()
        while True:
            position_id = self._handle(message)
            if position_id is not None:
                touched.add(position_id)
            try:
                message = self.messages.get_nowait()
            except queue.Empty:
                break
        self._judge(touched)

    def _handle(self, message: Message) -> int | None:
        account = self.accounts[message.account_id]
        if isinstance(message, Connected):
            self.connected.add(account.pk)
            self._reconcile(account)
            return None
        if isinstance(message, Disconnected):
            self.connected.discard(account.pk)
            ExchangeAccount.objects.filter(id=account.pk, entries_stopped_reason="").update(
                entries_stopped_reason=STREAM_DOWN
            )
            return None
        return self._apply(account, message)

    def _apply(self, account: ExchangeAccount, message: Received) -> int | None:
        frame = message.frame
        if not frame.stream.startswith(ORDER_UPDATES):
            return None
        try:
            update = parse_order_update(frame.data)
        except UnexpectedAnswer as error:
            # whatever it was, the exchange can be asked: a frame that we cannot read must not be lost
            log.error("frame_not_understood account=%s error=%s", account.pk, error)
            self.questions.add(account.pk)
            return None
        market = self._market(update.symbol)
        if market is None:
            log.warning("order_in_unknown_market symbol=%s", update.symbol)
            return None
        shown = shown_by_stream(update, received_ns=frame.received_ns)
        return apply(shown, account=account, market=market, speed=self.speed)

    def _judge(self, touched: set[int]) -> None:
        naked = set(naked_positions(self.accounts, now=_now())) & touched
        now = time.monotonic()
        for position_id in touched:
            if position_id in naked:
                self.due.setdefault(position_id, now + ATTACHED_STOP_GRACE_S)
            else:
                self.due.pop(position_id, None)

    def _protect_due(self) -> None:
        now = time.monotonic()
        for position_id in [one for one, at in self.due.items() if at <= now]:
            del self.due[position_id]
            self._protect(position_id)

    def _protect(self, position_id: int) -> None:
        try:
            self.protect_later(position_id)
        except (RedisError, OSError) as error:
            log.error("protection_not_enqueued position=%s error=%s", position_id, error)
            self._protect_here(position_id)

    def _protect_here(self, position_id: int) -> None:
        try:
            self.protector.protect(position_id)
        except ExchangeError as error:  # the next sweep tries again
            log.error("protection_failed position=%s error=%s", position_id, error)

    def _sweep(self) -> None:
        """Find what no message has told: positions whose protection was lost on the way."""
        self._show_alive()
        for position_id in naked_positions(self.accounts, now=_now()):
            if position_id in self.due:
                continue
            naked_since_ns = Position.objects.values_list("naked_since_ns", flat=True).get(id=position_id)
            waited_ms = 0.0 if naked_since_ns is None else (time.time_ns() - naked_since_ns) / 1e6
            if waited_ms > self.protector.budget_ms / 2:
                self._protect_here(position_id)  # nobody has acted on the task: do not wait for them
            else:
                self._protect(position_id)

    def _show_alive(self) -> None:
        try:
            show_accounts_alive(self.redis, self.keys, self.shard)
        except RedisError as error:  # entries stop by themselves; protection goes on from here
            log.error("liveness_not_shown shard=%s error=%s", self.shard, error)

    def _cancel_leftovers(self) -> None:
        leftovers = leftover_orders(self.accounts, now=_now())
        if leftovers:
            cancel_orders(leftovers, exchange=self.exchange, now=_now())

    def _load_accounts(self) -> None:
        rows = ExchangeAccount.objects.filter(shard=self.shard, is_active=True).select_related("customer")
        for account in rows:
            known = account.pk in self.accounts
            self.accounts[account.pk] = account
            if not known:
                self.make_reader(account, self.messages).start()

    def _ask_questions(self) -> None:
        """Reconcile the accounts that have sent something and do not know what became of it."""
        asking = self.questions | set(accounts_with_questions(self.accounts, now=_now()))
        self.questions = set()
        for account_id in asking:
            self._reconcile(self.accounts[account_id])

    def _reconcile_all(self) -> None:
        for account in self.accounts.values():
            self._reconcile(account)

    def _reconcile(self, account: ExchangeAccount) -> None:
        try:
            self.reconciler.reconcile(account, now=_now(), received_ns=time.time_ns())
        except ExchangeError as error:
            log.warning("reconciliation_failed account=%s error=%s", account.pk, error)
        self._judge(set(naked_positions([account.pk], now=_now())))

    def _market(self, symbol: str) -> Market | None:
        if symbol not in self.markets:
            self.markets = {market.symbol: market for market in Market.objects.all()}
        return self.markets.get(symbol)

    def _every(self, seconds: float, what: str, act: Callable[[], None]) -> None:
        now = time.monotonic()
        if self.next_at.get(what, 0.0) <= now:
            self.next_at[what] = now + seconds
            act()


def _now() -> datetime:
    return datetime.now(tz=UTC)
