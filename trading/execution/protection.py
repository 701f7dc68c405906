"""Protection: put a stop under what a position lacks, or close it when that cannot be done."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from django.db import transaction
from redis import Redis
from redis.exceptions import RedisError

from trading.board.errors import SnapshotCorrupt
from trading.board.keys import Keys
from trading.board.snapshots import load, mark_age_ms
from trading.core.orders import Purpose
from trading.core.position import ProtectionState, stop_is_passed, uncovered_quantity
from trading.core.units import Side
from trading.exchange.errors import ExchangeError
from trading.exchange.ports import MarketReader, OrderEntry, Placed, Rejected, Unavailable
from trading.execution import drafts
from trading.execution.exits import exit_position
from trading.execution.intents import claim, record, request_of, store
from trading.execution.position_states import Moment, confirmed_stop_quantity, has_live_exit, refresh
from trading.models import OrderIntent, Position

log = logging.getLogger(__name__)

MARK_MAX_AGE_MS = 3_000  # market time; the exchange updates the mark about once a second


class Exchange(OrderEntry, MarketReader, Protocol):
    """What protection needs of an exchange: it places orders and knows the mark price."""


@dataclass(frozen=True, slots=True)
class Protector:
    """What a protecting worker keeps between tasks.

    Units: `budget_ms` wall time that a position may be without a sufficient stop; `speed` of the market's clock.
    """

    redis: Redis
    keys: Keys
    exchange: Exchange
    budget_ms: int
    speed: float
    clock_ns: Callable[[], int] = time.time_ns

    def protect(self, position_id: int) -> str:
        """Place a stop for what no confirmed stop covers; close at market where a stop would come too late.

        Returns what was done, in a word. Delivering it twice is harmless.
        """
        position = Position.objects.select_related("account__customer", "market", "bot").get(id=position_id)
        missing = self._missing(position)
        if missing == 0:
            return "covered"
        if position.stop_price is None:
            return "left_alone"  # made by hand: it has no stop of ours
        exit_is_under_way = has_live_exit(position)
        if self._is_over_budget(position) and not exit_is_under_way:
            return self._close(position, "naked_budget_over")
        if self._stop_in_flight(position):
            return "stop_in_flight"
        if self._is_passed(position):
            return "exit_under_way" if exit_is_under_way else self._close(position, "stop_passed_before_placing")
        # while a closing order's fate is not known the position gets its stop all the same: it can only reduce
        return self._place_stop(position, missing)

    def _place_stop(self, position: Position, missing: Decimal) -> str:
        intent = self._store_stop(position, missing)
        if intent is None:
            return "overtaken"
        claimed = claim(intent.pk, now=self._now())
        outcome = self.exchange.place_order(*request_of(claimed))
        record([(claimed, outcome)])
        if isinstance(outcome, Placed):
            self._confirmed(position, outcome)
            return self._check_side(position)
        log.error("stop_not_placed position=%s outcome=%s", position.pk, outcome)
        if isinstance(outcome, Rejected) and not outcome.is_rate_limited:
            return self._close(position, "stop_refused")
        return "to_be_tried_again" if isinstance(outcome, Rejected | Unavailable) else "stop_unknown"

    def _check_side(self, position: Position) -> str:
        """Close the position when its stop was placed after the mark had passed it: it waits for the wrong side.

        The board's mark may be older than the stop, so the exchange is asked.
        """
        try:
            mark = self._asked_mark(position.market.symbol)
        except ExchangeError as error:
            log.error("stop_not_checked position=%s error=%s", position.pk, error)
            return "stop_placed"
        if self._is_beyond(position, mark):
            return self._close(position, "stop_passed_while_placing")
        return "stop_placed"

    def _store_stop(self, position: Position, missing: Decimal) -> OrderIntent | None:
        """Store the intent while holding the position's row, so that two workers cannot both find the same gap."""
        with transaction.atomic():
            locked = Position.objects.select_for_update(no_key=True).get(id=position.pk)
            if self._missing(locked) != missing or self._stop_in_flight(locked):
                return None
            intent = drafts.closing(position, purpose=Purpose.STOP, quantity=missing)
            intent.trigger_price = position.stop_price
            return store([intent])[0]

    def _confirmed(self, position: Position, outcome: Placed) -> None:
        with transaction.atomic():
            locked = Position.objects.select_for_update(no_key=True).get(id=position.pk)
            if locked.state != ProtectionState.CLOSED.value:
                refresh(locked, Moment(outcome.order.created_at_ms * 1_000, outcome.answered_ns, self.speed))

    def _missing(self, position: Position) -> Decimal:
        return uncovered_quantity(position.quantity, [confirmed_stop_quantity(position)])

    def _stop_in_flight(self, position: Position) -> bool:
        """Return whether a stop has been sent and not been seen yet: acknowledged ones count as confirmed instead."""
        return OrderIntent.objects.filter(
            position=position,
            purpose=Purpose.STOP.value,
            is_live=True,
            state__in=("pending", "sending", "unknown"),
        ).exists()

    def _is_over_budget(self, position: Position) -> bool:
        since_ns = position.naked_since_ns
        return since_ns is not None and self.clock_ns() - since_ns > self.budget_ms * 1_000_000

    def _is_passed(self, position: Position) -> bool:
        return self._is_beyond(position, self._mark(position))

    def _is_beyond(self, position: Position, mark: Decimal) -> bool:
        if position.stop_price is None:
            return False
        return stop_is_passed(Side(position.side), mark=mark, stop=position.stop_price)

    def _mark(self, position: Position) -> Decimal:
        """Return the mark price: the feed's while it is fresh, else the exchange's own answer."""
        market = position.market
        try:
            mark = load(self.redis, market.symbol, keys=self.keys).mark
        except (RedisError, SnapshotCorrupt) as error:
            log.warning("board_not_read symbol=%s error=%s", market.symbol, error)
            mark = None
        if mark is not None and mark_age_ms(mark, now_ns=self.clock_ns(), speed=self.speed) < MARK_MAX_AGE_MS:
            tick_size: Decimal = market.tick_size
            return mark.price_ticks * tick_size
        return self._asked_mark(market.symbol)

    def _asked_mark(self, symbol: str) -> Decimal:
        answers = self.exchange.mark_prices(symbol)
        prices = [answer.mark_price for answer in answers if answer.symbol == symbol]
        if not prices:
            raise ExchangeError(f"the exchange gives no mark price of {symbol}")
        return prices[0]

    def _close(self, position: Position, reason: str) -> str:
        exit_position(position.pk, reason=reason, exchange=self.exchange, now=self._now())
        return reason

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock_ns() / 1e9, tz=UTC)
