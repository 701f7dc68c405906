"""Evaluate: one symbol on one shard, from the newest book to orders on the wire and answers in rows."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import IntegrityError, transaction
from redis import Redis

from trading.board import conflation
from trading.board.errors import SnapshotMissing
from trading.board.keys import Keys
from trading.board.snapshots import Flaw, KnownMarket, Snapshot, Source, book_age_ms, load, mark_age_ms
from trading.core.errors import CoreError
from trading.core.orders import Purpose
from trading.core.position import stop_is_passed
from trading.core.strategies import scalp
from trading.core.strategies.actions import (
    Action,
    CancelEntry,
    ExitPosition,
    MarketView,
    PlaceEntry,
    Verdict,
)
from trading.core.units import Side
from trading.exchange.ports import OrderEntry
from trading.execution import drafts
from trading.execution.bot_views import bot_view
from trading.execution.cancels import cancel_orders
from trading.execution.intents import record, request_of, store
from trading.execution.liveness import accounts_are_watched
from trading.execution.position_states import exit_sent
from trading.execution.protection import MARK_MAX_AGE_MS
from trading.execution.rejections import count_entry_answers
from trading.execution.shard_rows import BotRows, load_shard
from trading.execution.tallies import Tallies
from trading.models import Bot, Decision, Market, OrderIntent, Position

log = logging.getLogger(__name__)


class Moment(NamedTuple):
    """What all bots of one evaluation decide on. Units: ms of market time, ns of our clock."""

    known: KnownMarket
    age_ms: float
    now_ns: int
    fills_are_watched: bool


class Decided(NamedTuple):
    """A bot's verdict with the rows it was made on."""

    rows: BotRows
    verdict: Verdict


@dataclass(slots=True)
class Evaluator:
    """What a hot worker keeps between evaluations.

    `speed` is how many times faster than the wall clock the market runs (1 live).
    """

    redis: Redis
    keys: Keys
    exchange: OrderEntry
    speed: float
    clock_ns: Callable[[], int] = time.time_ns
    tallies: Tallies = field(default_factory=Tallies)
    last_reasons: dict[int, str] = field(default_factory=dict)
    beyond_stop_since: dict[int, int] = field(default_factory=dict)

    def evaluate(self, *, symbol: str, shard: int) -> int:
        """Decide for every bot of a shard on the newest book, send what follows; return the number of orders sent.

        Delivering an evaluation twice is harmless: rows and constraints say what is under way already.
        """
        oldest_ns = conflation.take(self.redis, symbol, shard, keys=self.keys)
        now_ns = self.clock_ns()
        state = load(self.redis, symbol, keys=self.keys)
        self.tallies.evaluated(symbol, shard)
        try:
            known = state.require()
        except SnapshotMissing as missing:
            log.info("evaluation_without_market symbol=%s reason=%s", symbol, missing)
            return 0
        age_ms = book_age_ms(state, now_ns=now_ns, speed=self.speed)
        all_rows = load_shard(symbol=symbol, shard=shard)
        watched = accounts_are_watched(self.redis, self.keys, shard)
        moment = Moment(known=known, age_ms=age_ms, now_ns=now_ns, fills_are_watched=watched)
        decided = [Decided(rows, self._decide(rows, moment)) for rows in all_rows]
        intents = self._store(decided, known, age_ms, oldest_ns)
        sent = self._send(intents)
        self._cancel(decided)
        self.tallies.flush_if_due(now_ns)
        return sent

    def _decide(self, rows: BotRows, moment: Moment) -> Verdict:
        """Return a bot's verdict; a bot that cannot be decided on keeps nobody else from being served."""
        try:
            verdict = self._verdict(rows, moment)
        except CoreError as error:
            log.error("bot_not_decided bot=%s error=%s", rows.bot.pk, error)
            verdict = Verdict(None, "cannot_decide", None)
        self.tallies.decided(rows.bot, approved=verdict.approved, reason=verdict.reason)
        return verdict

    def _verdict(self, rows: BotRows, moment: Moment) -> Verdict:
        bot = rows.bot
        snapshot = moment.known.snapshot
        since_update_us = max(0, moment.now_ns - snapshot.received_ns) / 1_000 * self.speed
        now_us = snapshot.exchange_us + int(since_update_us)
        if rows.position is not None:
            self._watch_stop(rows.position, bot.market, moment, now_us)
        market = MarketView(
            book=snapshot.view,
            book_is_proven=snapshot.proven or _is_whole_poll(snapshot),
            book_is_live=snapshot.source is Source.STREAM,
            age_ms=moment.age_ms,
            max_age_ms=bot.market.max_book_age_ms,
            now_us=now_us,
        )
        view = bot_view(
            rows,
            now=datetime.fromtimestamp(moment.now_ns / 1e9, tz=UTC),
            beyond_stop_since=self.beyond_stop_since,
            fills_are_watched=moment.fills_are_watched,
        )
        return scalp.decide(bot.scalp_params, market, view)

    def _watch_stop(self, position: Position, market: Market, moment: Moment, now_us: int) -> None:
        """Remember since when a mark that is known to be fresh stands beyond a stop that has not fired."""
        if position.stop_price is None:
            return
        mark = moment.known.mark
        is_fresh = mark_age_ms(mark, now_ns=moment.now_ns, speed=self.speed) < MARK_MAX_AGE_MS
        price = mark.price_ticks * market.tick_size
        if is_fresh and stop_is_passed(Side(position.side), mark=price, stop=position.stop_price):
            self.beyond_stop_since.setdefault(position.pk, now_us)
        else:
            self.beyond_stop_since.pop(position.pk, None)

    def _store(
        self, decided: list[Decided], known: KnownMarket, age_ms: float, oldest_ns: int | None
    ) -> list[OrderIntent]:
        """Store decisions that matter and the intents that follow from them, claimed, in one transaction."""
        noteworthy = [one for one in decided if self._matters(one)]
        if not noteworthy:
            return []
        try:
            with transaction.atomic():
                return self._store_together(noteworthy, known, age_ms, oldest_ns)
        except IntegrityError:
            # another delivery was faster for one of them; the others must not wait for that
            return [intent for one in noteworthy for intent in self._store_alone(one, known, age_ms, oldest_ns)]

    def _store_alone(self, one: Decided, known: KnownMarket, age_ms: float, oldest_ns: int | None) -> list[OrderIntent]:
        try:
            with transaction.atomic():
                return self._store_together([one], known, age_ms, oldest_ns)
        except IntegrityError as error:
            log.warning("evaluation_overtaken bot=%s error=%s", one.rows.bot.pk, error)
            return []

    def _store_together(
        self, noteworthy: list[Decided], known: KnownMarket, age_ms: float, oldest_ns: int | None
    ) -> list[OrderIntent]:
        decisions = Decision.objects.bulk_create([_decision(one, known, age_ms) for one in noteworthy])
        now = datetime.fromtimestamp(self.clock_ns() / 1e9, tz=UTC)
        intents = []
        for one, decision in zip(noteworthy, decisions, strict=True):
            for action in one.verdict.actions:
                intent = _draft(one.rows, action)
                if intent is None:
                    continue
                intent.decision = decision
                if _update_caused_it(known, oldest_ns):
                    intent.book_received_ns, intent.oldest_received_ns = known.snapshot.received_ns, oldest_ns
                intents.append(drafts.claimed(intent, now=now))
        exits = [intent for intent in intents if intent.purpose == Purpose.EXIT.value]
        closed = exit_sent(exits)
        stored = store([intent for intent in intents if intent.position_id not in closed])
        for one in noteworthy:
            self.last_reasons[one.rows.bot.pk] = one.verdict.reason
        return stored

    def _matters(self, one: Decided) -> bool:
        orders = any(not isinstance(action, CancelEntry) for action in one.verdict.actions)
        return orders or self.last_reasons.get(one.rows.bot.pk) != one.verdict.reason

    def _send(self, intents: list[OrderIntent]) -> int:
        if not intents:
            return 0
        outcomes = self.exchange.place_orders([request_of(intent) for intent in intents])
        answers = list(zip(intents, outcomes, strict=True))
        record(answers)
        count_entry_answers(answers)
        return len(intents)

    def _cancel(self, decided: list[Decided]) -> None:
        wanted = [
            action.order_id for one in decided for action in one.verdict.actions if isinstance(action, CancelEntry)
        ]
        if wanted:
            now = datetime.fromtimestamp(self.clock_ns() / 1e9, tz=UTC)
            cancel_orders(wanted, exchange=self.exchange, now=now)


def _is_whole_poll(snapshot: Snapshot) -> bool:
    """Return whether a book was asked for by REST: it has no chain, and serves exits only."""
    return snapshot.source is Source.POLLED and snapshot.flaw is Flaw.UNCHAINED


def _update_caused_it(known: KnownMarket, oldest_ns: int | None) -> bool:
    """Return whether a book update asked for this evaluation: a heartbeat's mark is younger than the book."""
    return oldest_ns is not None and oldest_ns <= known.snapshot.received_ns


def _draft(rows: BotRows, action: Action) -> OrderIntent | None:
    """Return what an action sends; None for a cancel, which is no order."""
    if isinstance(action, CancelEntry):
        return None
    if isinstance(action, PlaceEntry):
        return drafts.entry(rows.bot, action)
    if rows.position is None:
        raise ValueError(f"{action} manages a position that bot {rows.bot.pk} does not have")
    if isinstance(action, ExitPosition):
        return drafts.exit_of(rows.bot, rows.position, action)
    return drafts.take_profit(rows.bot, rows.position, action)


def _decision(one: Decided, known: KnownMarket, age_ms: float) -> Decision:
    bot: Bot = one.rows.bot
    return Decision(
        customer_id=bot.customer_id,
        bot=bot,
        market=bot.market,
        approved=one.verdict.approved,
        reason=one.verdict.reason,
        obi=one.verdict.obi,
        book_sequence=known.snapshot.sequence,
        book_age_ms=age_ms,
        exchange_us=known.snapshot.exchange_us,
    )
