"""Accounts worker: private streams into rows, and what a fill leaves uncovered into protection."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import InterfaceError, OperationalError
from django.db.models import Q
from redis import Redis
from redis.exceptions import RedisError

from accounts.models import ExchangeAccount
from trading.board.keys import Keys
from trading.core.position import ProtectionState
from trading.exchange.backpack.parse import parse_order_update
from trading.exchange.errors import UnexpectedAnswer
from trading.exchange.ports import OrderEntry
from trading.execution.account_events import apply
from trading.execution.cancels import cancel_orders, finish_cancels
from trading.execution.errors import IncompleteFill
from trading.execution.liveness import show_accounts_alive
from trading.execution.look_ups import THREADS, LookUps
from trading.execution.protection import Protector
from trading.execution.reconciliation import Reconciler
from trading.execution.shown import shown_by_stream
from trading.execution.stream_readers import (
    ORDER_UPDATES,
    Connected,
    Disconnected,
    LookedUp,
    Message,
    Received,
    StreamReader,
)
from trading.execution.sweeps import (
    accounts_at_risk,
    accounts_that_differ,
    accounts_with_questions,
    forgotten_entries,
    naked_positions,
)
from trading.models import Market, Position

log = logging.getLogger(__name__)

POLL_S = 0.02
JUDGED_AFTER_S = 0.025
ATTACHED_STOP_GRACE_S = 0.025  # the attached stop is confirmed within the same millisecond where it works
UNSEEN_PATIENCE_S = 1.0  # without a private stream; then resting entries are cancelled
SWEEP_EVERY_S = 0.25
QUESTIONS_EVERY_S = 1.0
DIFFERENCES_EVERY_S = 2.0  # a look at one takes some fifteen requests of the account's 2,000 a minute
LEFTOVERS_EVERY_S = 2.0
ACCOUNTS_EVERY_S = 5.0
RECONCILE_EVERY_S = 20.0

ProtectLater = Callable[[int], None]


@dataclass(slots=True, kw_only=True)
class AccountsWorker:
    """Keeps the accounts of one shard: threads read the private streams and ask questions, this one protects.

    `protect_later` enqueues protection; where that fails, or nobody acts, the worker protects by itself. What goes
    wrong with one account stops entries on that account and ends nothing else; a database that fails ends the process,
    and starting again is recovering.
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
    executor: Executor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="look-up"))
    messages: queue.SimpleQueue[Message] = field(default_factory=queue.SimpleQueue)
    accounts: dict[int, ExchangeAccount] = field(default_factory=dict)
    markets: dict[str, Market] = field(default_factory=dict)
    due: dict[int, float] = field(default_factory=dict)
    next_at: dict[str, float] = field(default_factory=dict)
    connected: dict[int, int] = field(default_factory=dict)  # since when, our clock
    unseen_since: dict[int, float] = field(default_factory=dict)
    questions: set[int] = field(default_factory=set)
    look_ups: LookUps = field(init=False)

    def __post_init__(self) -> None:
        self.look_ups = LookUps(
            reconciler=lambda: self.reconciler,
            exchange=self.exchange,
            messages=self.messages,
            executor=self.executor,
        )

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop. Starting is recovering: each connection begins with a reconciliation."""
        try:
            while not stop.is_set():
                self.step()
        finally:
            self.close()

    def close(self) -> None:
        """Drop the look-ups that wait, and wait for what is under way. Nothing can be looked up afterwards."""
        self.executor.shutdown(wait=True, cancel_futures=True)
        finish_cancels()

    def step(self) -> None:
        """Take what has come, protect what is due, and do what the time asks for."""
        self._every(ACCOUNTS_EVERY_S, "accounts", self._load_accounts)
        self._take_messages()
        self._protect_due()
        self._every(SWEEP_EVERY_S, "sweep", self._sweep)
        self._every(QUESTIONS_EVERY_S, "questions", self._ask_questions)
        self._every(DIFFERENCES_EVERY_S, "differences", self._ask_about_differences)
        self._every(LEFTOVERS_EVERY_S, "leftovers", lambda: self.look_ups.tidy(self.accounts))
        self._every(RECONCILE_EVERY_S, "reconcile", self._reconcile_all)

    def _take_messages(self) -> None:
        """Apply what has come, then judge: a fill and its stop arrive one behind the other.

        A flood of messages must not put off protection, so it is judged now and then.
        """
        try:
            message = self.messages.get(timeout=self._patience_s())
        except queue.Empty:
            return
        touched: set[int] = set()
        judged_at = time.monotonic() + JUDGED_AFTER_S
        while True:
            touched |= self._isolated(message)
            if time.monotonic() > judged_at:
                break
            try:
                message = self.messages.get_nowait()
            except queue.Empty:
                break
        self._judge(touched)

    def _patience_s(self) -> float:
        """Return how long to wait for a message: no longer than until the next protection is due."""
        next_due = min(self.due.values(), default=time.monotonic() + POLL_S)
        return min(POLL_S, max(0.001, next_due - time.monotonic()))

    def _isolated(self, message: Message) -> set[int]:
        """Handle a message; what goes wrong with it stops entries on its account, and nothing else."""
        try:
            return self._handle(message)
        except (OperationalError, InterfaceError):
            raise  # the database: nobody can be served, starting again is recovering
        except Exception:  # one account's trouble must not end the protection of all others
            log.exception("message_not_handled account=%s", message.account_id)
            self._ask_about(message.account_id)
            ExchangeAccount.objects.filter(id=message.account_id, entries_stopped_reason="").update(
                entries_stopped_reason="a message of the exchange could not be handled"
            )
            return set()

    def _handle(self, message: Message) -> set[int]:
        """Handle a message and return the positions that it has touched."""
        account = self.accounts[message.account_id]
        if isinstance(message, Connected):
            self.connected[account.pk] = message.since_ns
            self.unseen_since.pop(account.pk, None)
            self.look_ups.start(account)
        elif isinstance(message, Disconnected):
            self.connected.pop(account.pk, None)
            self.unseen_since.setdefault(account.pk, time.monotonic())
            ExchangeAccount.objects.filter(id=account.pk).update(is_unwatched=True)
            self._ask_about(account.pk)
        elif isinstance(message, LookedUp):
            self._looked_up(message)
            return set(naked_positions([account.pk], now=_now()))
        else:
            return self._apply(account, message)
        return set()

    def _looked_up(self, message: LookedUp) -> None:
        if not message.succeeded:
            self._ask_about(message.account_id)
        elif message.started_ns >= self.connected.get(message.account_id, message.started_ns + 1):
            ExchangeAccount.objects.filter(id=message.account_id, is_unwatched=True).update(is_unwatched=False)

    def _apply(self, account: ExchangeAccount, message: Received) -> set[int]:
        frame = message.frame
        if not frame.stream.startswith(ORDER_UPDATES):
            return set()
        try:
            update = parse_order_update(frame.data)
            market = self._market(update.symbol)
            if market is None:
                log.warning("order_in_unknown_market symbol=%s", update.symbol)
                return set()
            shown = shown_by_stream(update, received_ns=frame.received_ns)
            position_id = apply(shown, account=account, market=market, speed=self.speed)
        except (UnexpectedAnswer, IncompleteFill) as error:
            # whatever it was, the exchange can be asked: a frame that we cannot use must not be lost
            log.error("frame_not_understood account=%s error=%s", account.pk, error)
            self._ask_about(account.pk)
            return set()
        return set() if position_id is None else {position_id}

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
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # the next sweep tries again, and the next position must not wait for it
            log.exception("protection_failed position=%s", position_id)

    def _sweep(self) -> None:
        """Find what no message has told: protection that was lost on the way, entries that nobody looks after."""
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
        long_ago = time.monotonic() - UNSEEN_PATIENCE_S
        unwatched = {account_id for account_id, since in self.unseen_since.items() if since < long_ago}
        forgotten = forgotten_entries(self.accounts, unwatched=unwatched, now=_now(), speed=self.speed)
        if forgotten:
            cancel_orders(forgotten, exchange=self.exchange, now=_now())

    def _show_alive(self) -> None:
        try:
            show_accounts_alive(self.redis, self.keys, self.shard)
        except RedisError as error:  # entries stop by themselves; protection goes on from here
            log.error("liveness_not_shown shard=%s error=%s", self.shard, error)

    def _load_accounts(self) -> None:
        """Watch the accounts that are active, and the others until nothing of theirs is open."""
        holding = Q(intents__is_live=True) | (
            Q(positions__isnull=False) & ~Q(positions__state=ProtectionState.CLOSED.value)
        )
        rows = ExchangeAccount.objects.filter(Q(is_active=True) | holding, shard=self.shard).distinct()
        for account in rows.select_related("customer"):
            known = account.pk in self.accounts
            self.accounts[account.pk] = account
            if not known:
                self.unseen_since[account.pk] = time.monotonic()
                ExchangeAccount.objects.filter(id=account.pk).update(is_unwatched=True)
                self.make_reader(account, self.messages).start()

    def _ask_about(self, account_id: int) -> None:
        self.questions.add(account_id)

    def _ask_questions(self) -> None:
        """Look up the accounts with something unknown, and those at risk that no stream shows."""
        unseen = accounts_at_risk(set(self.accounts) - set(self.connected))
        asking = self.questions | unseen | accounts_with_questions(self.accounts, now=_now())
        self.questions = set()
        for account_id in asking & set(self.accounts):
            self.look_ups.start(self.accounts[account_id])

    def _ask_about_differences(self) -> None:
        self.questions |= accounts_that_differ(self.accounts)

    def _reconcile_all(self) -> None:
        for account in self.accounts.values():
            self.look_ups.start(account)

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
