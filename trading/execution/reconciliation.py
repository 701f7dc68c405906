"""Reconciliation: the exchange's truth against our rows; start-up and the periodic look use the same code."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import QuerySet

from accounts.models import ExchangeAccount
from trading.core.orders import IntentEvent, IntentState, Purpose, states_before
from trading.core.position import ProtectionState
from trading.core.units import Side
from trading.exchange.ports import AccountReader, Credentials, ExchangeOrder, FillInfo
from trading.execution.account_events import apply
from trading.execution.clients import credentials_of
from trading.execution.position_states import exit_ended
from trading.execution.shown import shown_by_rest
from trading.models import Market, Order, OrderIntent, Position

log = logging.getLogger(__name__)

MARGIN = timedelta(seconds=1)  # beyond the request's window: the exchange's clock and ours may differ
HISTORY_PAGE = 100
LOOKS = 3  # a fill may arrive between two questions; a difference that stays is real


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Compares an account with the exchange. Units: `window_ms` of a signed request, `speed` of the market's clock."""

    exchange: AccountReader
    window_ms: int
    speed: float

    def reconcile(self, account: ExchangeAccount, *, now: datetime, received_ns: int) -> None:
        """Bring an account's rows to what the exchange shows, and settle intents whose outcome is not known.

        An order that has vanished, or has a fill that no stream has shown, is looked up in the history. Positions are
        compared last; a difference that a second look does not explain stops entries on the account.
        """
        credentials = credentials_of(account)
        markets = {market.symbol: market for market in Market.objects.all()}
        for _ in range(LOOKS):
            resting = self.exchange.open_orders(credentials)
            self._show(resting, account=account, markets=markets, received_ns=received_ns)
            self._find_vanished(account, credentials, markets, {one.exchange_id for one in resting}, received_ns)
            difference = self._position_difference(account, credentials, markets)
            if not difference:
                break
        self._settle(account, credentials, markets, now, received_ns)
        _stop_entries(account, difference)

    def _find_vanished(
        self,
        account: ExchangeAccount,
        credentials: Credentials,
        markets: Mapping[str, Market],
        resting_ids: set[str],
        received_ns: int,
    ) -> None:
        open_rows = Order.objects.filter(account=account, status__in=("New", "PartiallyFilled", "TriggerPending"))
        looked_for = set(open_rows.values_list("exchange_id", flat=True)) - resting_ids
        fills = self._fills_by_order(account, credentials)
        known = set(account.fills.values_list("order__exchange_id", "trade_id"))
        looked_for |= {
            exchange_id
            for exchange_id, own in fills.items()
            if any((exchange_id, fill.trade_id) not in known for fill in own)
        }
        if not looked_for:
            return
        history = self.exchange.order_history(credentials, limit=HISTORY_PAGE)
        found = [order for order in history if order.exchange_id in looked_for]
        self._show(found, account=account, markets=markets, received_ns=received_ns, fills=fills)

    def _fills_by_order(self, account: ExchangeAccount, credentials: Credentials) -> dict[str, list[FillInfo]]:
        newest = account.fills.order_by("-engine_us").first()
        # a minute of overlap: a fill that is known already changes nothing
        from_ms = None if newest is None else newest.engine_us // 1_000 - 60_000
        by_order: dict[str, list[FillInfo]] = {}
        for fill in self.exchange.fills(credentials, from_ms=from_ms):
            by_order.setdefault(fill.exchange_id, []).append(fill)
        return by_order

    def _show(
        self,
        orders: list[ExchangeOrder],
        *,
        account: ExchangeAccount,
        markets: Mapping[str, Market],
        received_ns: int,
        fills: Mapping[str, list[FillInfo]] | None = None,
    ) -> None:
        for order in orders:
            market = markets.get(order.symbol)
            if market is None:
                log.warning("order_in_unknown_market symbol=%s", order.symbol)
                continue
            own_fills = sorted((fills or {}).get(order.exchange_id, []), key=lambda one: one.filled_at_us)
            messages: list[FillInfo | None] = [*own_fills] or [None]
            for fill in messages:
                apply(
                    shown_by_rest(order, fill=fill, received_ns=received_ns),
                    account=account,
                    market=market,
                    speed=self.speed,
                )

    def _settle(
        self,
        account: ExchangeAccount,
        credentials: Credentials,
        markets: Mapping[str, Market],
        now: datetime,
        received_ns: int,
    ) -> None:
        open_questions = self._unsettled(account, now)
        if not open_questions:
            return
        history = self.exchange.order_history(credentials, limit=HISTORY_PAGE)
        fills = self._fills_by_order(account, credentials)
        filled_ids = {fill.client_id for one in fills.values() for fill in one}
        by_client_id = {order.client_id: order for order in history if order.client_id is not None}
        for intent in open_questions:
            order = by_client_id.get(intent.client_id)
            if order is not None:
                self._show([order], account=account, markets=markets, received_ns=received_ns, fills=fills)
            elif intent.client_id not in filled_ids:
                self._absent(intent, now)

    def _unsettled(self, account: ExchangeAccount, now: datetime) -> QuerySet[OrderIntent]:
        settled_before = now - timedelta(milliseconds=self.window_ms) - MARGIN
        OrderIntent.objects.filter(
            account=account, state=IntentState.PENDING.value, created_at__lt=settled_before
        ).update(state=IntentState.NOT_PLACED.value, is_live=False)
        return OrderIntent.objects.filter(
            account=account,
            state__in=(IntentState.SENDING.value, IntentState.UNKNOWN.value),
            claimed_at__lt=settled_before,
        )

    def _absent(self, intent: OrderIntent, now: datetime) -> None:
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
            if intent.purpose == Purpose.EXIT.value:
                exit_ended([intent.position_id])

    def _position_difference(
        self, account: ExchangeAccount, credentials: Credentials, markets: Mapping[str, Market]
    ) -> list[str]:
        """Return the symbols in which our fills do not add up to the exchange's position."""
        shown = {one.symbol: one.net_quantity for one in self.exchange.positions(credentials)}
        open_rows = Position.objects.filter(account=account).exclude(state=ProtectionState.CLOSED.value)
        ours = {
            position.market.symbol: position.quantity * Side(position.side).sign
            for position in open_rows.select_related("market")
        }
        return [
            f"{symbol} (ours {ours.get(symbol, 0)}, exchange {shown.get(symbol, 0)})"
            for symbol in sorted({*shown, *ours} & set(markets))
            if shown.get(symbol, Decimal(0)) != ours.get(symbol, Decimal(0))
        ]


def _stop_entries(account: ExchangeAccount, difference: list[str]) -> None:
    """Stop entries while a difference is unexplained, and allow them again once it is gone."""
    reason = ""
    if difference:
        reason = f"position differs from the exchange: {', '.join(difference)}"[:200]
        log.error("position_differs account=%s difference=%s", account.pk, difference)
    ExchangeAccount.objects.filter(id=account.pk).exclude(entries_stopped_reason=reason).update(
        entries_stopped_reason=reason
    )
