"""Reconciliation: the exchange's truth against our rows; start-up and the periodic look use the same code."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import ExchangeAccount
from trading.core.orders import IntentEvent, IntentState, Purpose, states_before
from trading.core.position import ProtectionState
from trading.core.units import Side
from trading.exchange.ports import AccountReader, Credentials, ExchangeOrder, FillInfo
from trading.execution.account_events import OrderShown, Origin, apply
from trading.execution.clients import credentials_of
from trading.execution.errors import IncompleteFill
from trading.execution.intent_endings import end_finished
from trading.execution.position_states import Moment, exit_ended, refresh
from trading.execution.shown import shown_by_rest
from trading.models import Market, Order, OrderIntent, Position
from trading.models.order import OPEN

log = logging.getLogger(__name__)

MARGIN = timedelta(seconds=1)  # beyond the request's window: the exchange's clock and ours may differ
LAPSE_AFTER = timedelta(seconds=1)  # an intent that nobody has claimed by then can be claimed by nobody any more
HISTORY_PAGE = 100
FILL_OVERLAP_MS = 60_000  # fills that are known already change nothing
ASKED_ALONE_AT_MOST = 8  # requests of one look for single orders; the next look asks for more
LOOKS = 3  # a fill may arrive between two questions; a difference that stays is real

FillsByOrder = Mapping[str, list[FillInfo]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at one account. Units: `received_ns` our clock when it began.

    `asked_alone` keeps the orders that were asked for one by one, so that a look asks for each once and for few.
    """

    account: ExchangeAccount
    credentials: Credentials
    markets: Mapping[str, Market]
    now: datetime
    received_ns: int
    asked_alone: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Compares accounts with the exchange. Units: `window_ms` of a signed request, `speed` of the market's clock."""

    exchange: AccountReader
    window_ms: int
    speed: float
    clock_ns: Callable[[], int] = time.time_ns

    def reconcile(self, account: ExchangeAccount, *, now: datetime, received_ns: int) -> None:
        """Bring an account's rows to what the exchange shows, and settle intents whose outcome is not known.

        An order that is not listed as open any more counts for nothing from then on; it is looked up, as is one with a
        fill that no stream has shown. A difference of positions that further looks do not explain stops entries.

        Raises: ExchangeError when the exchange did not answer; what was learned until then is stored.
        """
        look = Look(
            account=account,
            credentials=credentials_of(account),
            markets={market.symbol: market for market in Market.objects.all()},
            now=now,
            received_ns=received_ns,
        )
        _lapse_unclaimed(look)
        for _ in range(LOOKS):
            fills = self._look(look)
            difference = self._position_difference(look)
            if not difference:
                break
        self._settle(look, fills)
        end_finished(Q(account=account))
        _record_success(look, fills, difference)

    def _look(self, look: Look) -> FillsByOrder:
        """Show open orders, then what of ours is missing among them or has fills that are new; return the fills."""
        listed_before = set(_open_rows(look.account).values_list("exchange_id", flat=True))
        listed = self.exchange.open_orders(look.credentials)
        self._show(listed, look, origin=Origin.LISTED)
        vanished = listed_before - {order.exchange_id for order in listed}
        self._mark_missing(vanished, look)
        fills = self._fills_by_order(look)
        known = set(look.account.fills.values_list("order__exchange_id", "trade_id"))
        with_news = {
            exchange_id
            for exchange_id, own in fills.items()
            if any((exchange_id, fill.trade_id) not in known for fill in own)
        }
        self._show_past(vanished | with_news, look, fills)
        return fills

    def _mark_missing(self, exchange_ids: Collection[str], look: Look) -> None:
        """Count orders that are not listed any more for nothing, whatever became of them."""
        if not exchange_ids:
            return
        gone = _open_rows(look.account).filter(exchange_id__in=exchange_ids, missing_since=None)
        if not gone.update(missing_since=look.now):
            return
        with transaction.atomic():
            open_positions = Position.objects.select_for_update(no_key=True).filter(account=look.account)
            for position in open_positions.exclude(state=ProtectionState.CLOSED.value).order_by("id"):
                refresh(position, Moment(None, self._now_ns(look), self.speed))

    def _show_past(self, exchange_ids: Collection[str], look: Look, fills: FillsByOrder) -> None:
        """Show orders of the past: from the newest page of the history, the rest one by one, a few in each look."""
        if not exchange_ids:
            return
        page = self.exchange.order_history(look.credentials, limit=HISTORY_PAGE)
        found = [order for order in page if order.exchange_id in exchange_ids]
        self._show(found, look, origin=Origin.HISTORY, fills=fills)
        rest = set(exchange_ids) - {order.exchange_id for order in found} - look.asked_alone
        for exchange_id in sorted(rest)[: max(0, ASKED_ALONE_AT_MOST - len(look.asked_alone))]:
            look.asked_alone.add(exchange_id)
            alone = self.exchange.order_history(look.credentials, exchange_id=exchange_id, limit=1)
            self._show(alone, look, origin=Origin.HISTORY, fills=fills)

    def _fills_by_order(self, look: Look) -> FillsByOrder:
        known_until_us = look.account.fills_known_until_us
        # what an account did before it came to us is not ours to tell
        known_until_ms = (
            look.account.created_at.timestamp() * 1_000 if known_until_us is None else known_until_us // 1_000
        )
        by_order: dict[str, list[FillInfo]] = {}
        for fill in self.exchange.fills(look.credentials, from_ms=int(known_until_ms) - FILL_OVERLAP_MS):
            by_order.setdefault(fill.exchange_id, []).append(fill)
        return {exchange_id: _identified(own) for exchange_id, own in by_order.items()}

    def _show(
        self, orders: list[ExchangeOrder], look: Look, *, origin: Origin, fills: FillsByOrder | None = None
    ) -> None:
        for order in orders:
            market = look.markets.get(order.symbol)
            if market is None:
                log.warning("order_in_unknown_market symbol=%s", order.symbol)
                continue
            messages: list[FillInfo | None] = [*(fills or {}).get(order.exchange_id, [])] or [None]
            for fill in messages:
                # a list tells what stood when it was asked for; what is learned of the past is learned now
                received_ns = look.received_ns if origin is Origin.LISTED else self._now_ns(look)
                shown = shown_by_rest(order, fill=fill, origin=origin, received_ns=received_ns)
                self._apply(shown, look, market)

    def _now_ns(self, look: Look) -> int:
        return max(look.received_ns, self.clock_ns())

    def _apply(self, shown: OrderShown, look: Look, market: Market) -> None:
        try:
            apply(shown, account=look.account, market=market, speed=self.speed)
        except IncompleteFill as error:
            # it shows as a difference of positions; the account's other fills must not wait for it
            log.error("fill_cannot_be_stored account=%s error=%s", look.account.pk, error)

    def _settle(self, look: Look, fills: FillsByOrder) -> None:
        """Settle orders whose outcome is not known: the exchange shows them, or does not know them twice."""
        questions = list(self._unsettled(look))
        if not questions:
            return
        history = self.exchange.order_history(look.credentials, limit=HISTORY_PAGE)
        filled_ids = {fill.client_id for own in fills.values() for fill in own}
        by_client_id = {order.client_id: order for order in history if order.client_id is not None}
        for intent in questions:
            order = by_client_id.get(intent.client_id)
            if order is not None:
                self._show([order], look, origin=Origin.HISTORY, fills=fills)
            elif intent.client_id not in filled_ids:
                _absent(intent, look.now)

    def _unsettled(self, look: Look) -> QuerySet[OrderIntent]:
        return OrderIntent.objects.filter(
            account=look.account,
            state__in=(IntentState.SENDING.value, IntentState.UNKNOWN.value),
            claimed_at__lt=look.now - timedelta(milliseconds=self.window_ms) - MARGIN,
        )

    def _position_difference(self, look: Look) -> list[str]:
        """Return the symbols in which our fills do not add up to the exchange's position."""
        shown = {one.symbol: one.net_quantity for one in self.exchange.positions(look.credentials)}
        open_rows = Position.objects.filter(account=look.account).exclude(state=ProtectionState.CLOSED.value)
        ours = {
            position.market.symbol: position.quantity * Side(position.side).sign
            for position in open_rows.select_related("market")
        }
        return [
            f"{symbol} (ours {ours.get(symbol, 0)}, exchange {shown.get(symbol, 0)})"
            for symbol in sorted({*shown, *ours} & set(look.markets))
            if shown.get(symbol, Decimal(0)) != ours.get(symbol, Decimal(0))
        ]


def _identified(fills: list[FillInfo]) -> list[FillInfo]:
    """Return an order's fills by time, each with an identity.

    Executions of the exchange itself (liquidations) may come without a trade id; they are told apart by their time and
    their place among those of the same time, as negative numbers, which no trade has.
    """
    nameless: Counter[int] = Counter()
    identified = []
    for fill in sorted(fills, key=lambda one: one.filled_at_us):
        if fill.trade_id is not None:
            identified.append(fill)
            continue
        identified.append(fill._replace(trade_id=-(fill.filled_at_us + nameless[fill.filled_at_us])))
        nameless[fill.filled_at_us] += 1
    return identified


def _open_rows(account: ExchangeAccount) -> QuerySet[Order]:
    return Order.objects.filter(account=account, status__in=OPEN)


def _lapse_unclaimed(look: Look) -> None:
    """End intents that their process stored and never claimed: a claim of one of them fails from now on."""
    lapsed = OrderIntent.objects.filter(
        account=look.account, state=IntentState.PENDING.value, created_at__lt=look.now - LAPSE_AFTER
    )
    for intent in list(lapsed):
        still_pending = OrderIntent.objects.filter(id=intent.pk, state=IntentState.PENDING.value)
        if still_pending.update(state=IntentState.NOT_PLACED.value, is_live=False):
            _after_absence(intent)


def _absent(intent: OrderIntent, now: datetime) -> None:
    """Believe that an order does not exist only when the exchange has not known it twice, a margin apart."""
    possible = [state.value for state in states_before(IntentEvent.PROVEN_ABSENT)]
    rows = OrderIntent.objects.filter(id=intent.pk, state__in=possible)
    if intent.absent_since is None:
        rows.update(absent_since=now)
        return
    if now - intent.absent_since < MARGIN:
        return
    if rows.update(state=IntentState.NOT_PLACED.value, is_live=False):
        log.warning("intent_proven_absent intent=%s purpose=%s", intent.pk, intent.purpose)
        _after_absence(intent)


def _after_absence(intent: OrderIntent) -> None:
    if intent.purpose == Purpose.EXIT.value:
        exit_ended([intent.position_id])


def _record_success(look: Look, fills: FillsByOrder, difference: list[str]) -> None:
    """Say what a whole look has proven: whether positions agree, and until when no fill can be missing."""
    text = ", ".join(difference)[:200]
    proven: dict[str, object] = {"position_difference": text}
    if difference:
        log.error("position_differs account=%s difference=%s", look.account.pk, text)
    elif fills and _all_stored(look, fills):
        newest_us = max(fill.filled_at_us for own in fills.values() for fill in own)
        proven["fills_known_until_us"] = max(newest_us, look.account.fills_known_until_us or 0)
    ExchangeAccount.objects.filter(id=look.account.pk).update(**proven)


def _all_stored(look: Look, fills: FillsByOrder) -> bool:
    known = set(look.account.fills.values_list("order__exchange_id", "trade_id"))
    return all((exchange_id, fill.trade_id) in known for exchange_id, own in fills.items() for fill in own)
