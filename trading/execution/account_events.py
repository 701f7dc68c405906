"""Account events: what the private stream, or a look-up, shows of an account becomes rows."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction

from accounts.models import ExchangeAccount
from trading.core.errors import ImpossibleMove
from trading.core.orders import IntentEvent, IntentState, Purpose, next_state
from trading.core.position import FillValue, ProtectionState, apply_fill, opened_by
from trading.core.units import Side
from trading.exchange.ports import FillInfo
from trading.execution.position_states import refresh
from trading.models import Bot, Fill, Market, Order, OrderIntent, Position
from trading.models.order import ENDED

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShown:
    """An order as a message has shown it, whichever way it came.

    Units: `engine_us` the exchange's clock, `received_ns` ours. `reduce_only` is None where the source does not say.
    """

    exchange_id: str
    client_id: int | None
    related_exchange_id: str
    side: Side
    order_type: str
    status: str
    price: Decimal | None
    quantity: Decimal
    executed_quantity: Decimal
    executed_quote: Decimal
    post_only: bool
    reduce_only: bool | None
    trigger_price: Decimal | None
    trigger_quantity: Decimal | None
    expiry_reason: str
    engine_us: int
    received_ns: int
    fill: FillInfo | None = None


class Seen(NamedTuple):
    """When a message came in (our clock), and how fast the market's clock runs."""

    received_ns: int
    speed: float


def apply(shown: OrderShown, *, account: ExchangeAccount, market: Market, speed: float) -> int | None:
    """Store an order's newest state, and its fill, once; return the open position that it touched.

    Showing the same message twice changes nothing. One transaction: a fill and the position that it makes are
    never apart.
    """
    with transaction.atomic():
        order = _store_order(shown, account=account, market=market)
        _acknowledge(order)
        position = _locked_position(account, market)
        if shown.fill is not None:
            position = _store_fill(shown.fill, order=order, position=position, seen=Seen(shown.received_ns, speed))
        if position is None:
            return None
        if _belongs_to(order, position):
            Order.objects.filter(id=order.pk, position=None).update(position=position)
        refresh(position, engine_us=shown.engine_us, received_ns=shown.received_ns, speed=speed)
        _after_close(position)
        return position.pk


def _store_order(shown: OrderShown, *, account: ExchangeAccount, market: Market) -> Order:
    order, created = Order.objects.select_for_update().get_or_create(
        account=account,
        exchange_id=shown.exchange_id,
        defaults={
            "customer_id": account.customer_id,
            "market": market,
            "intent": _intent_of(shown, account),
            "placed_us": shown.engine_us,
            **_columns(shown),
        },
    )
    if not created and _is_news(order, shown):
        for name, value in _columns(shown).items():
            setattr(order, name, value)
        order.save()
    if order.trigger_price is None and order.related_exchange_id:
        # a trigger has fired: the order it placed names it as its parent
        Order.objects.filter(
            account=account, exchange_id=order.related_exchange_id, status=Order.Status.TRIGGER_PENDING
        ).update(status=Order.Status.TRIGGERED, updated_us=shown.engine_us)
        _end_intents(account, order.related_exchange_id)
    if order.is_over:
        _end_intents(account, order.exchange_id)
    return order


def _is_news(order: Order, shown: OrderShown) -> bool:
    """Return whether a message tells more than the row: an order never comes back from its end."""
    if order.is_over:
        return shown.status in ENDED and shown.executed_quantity > order.executed_quantity
    return shown.engine_us >= order.updated_us or shown.status in ENDED


def _columns(shown: OrderShown) -> dict[str, object]:
    columns: dict[str, object] = {
        "client_id": shown.client_id,
        "related_exchange_id": shown.related_exchange_id,
        "side": shown.side.value,
        "order_type": shown.order_type,
        "status": shown.status,
        "price": shown.price,
        "quantity": shown.quantity,
        "executed_quantity": shown.executed_quantity,
        "executed_quote": shown.executed_quote,
        "post_only": shown.post_only,
        "trigger_price": shown.trigger_price,
        "trigger_quantity": shown.trigger_quantity,
        "expiry_reason": shown.expiry_reason,
        "updated_us": shown.engine_us,
    }
    if shown.reduce_only is not None:  # the order history does not say
        columns["reduce_only"] = shown.reduce_only
    return columns


def _intent_of(shown: OrderShown, account: ExchangeAccount) -> OrderIntent | None:
    if shown.client_id is None:
        return None
    # a child may echo its parent's client id: an intent has one order
    return OrderIntent.objects.filter(account=account, client_id=shown.client_id, order=None).first()


def _acknowledge(order: Order) -> None:
    """Record that the exchange knows an intent's order; the answer to the request may be slower, or lost."""
    intent = order.intent
    if intent is None:
        return
    try:
        state = next_state(IntentState(intent.state), IntentEvent.SEEN_AT_EXCHANGE)
    except ImpossibleMove:
        log.exception("order_of_an_intent_that_cannot_have_one intent=%s order=%s", intent.pk, order.pk)
        return
    OrderIntent.objects.filter(id=intent.pk).update(state=state.value)


def _end_intents(account: ExchangeAccount, exchange_id: str) -> None:
    OrderIntent.objects.filter(account=account, order__exchange_id=exchange_id, is_live=True).update(is_live=False)


def _locked_position(account: ExchangeAccount, market: Market) -> Position | None:
    return (
        Position.objects.select_for_update(of=("self",))
        .filter(account=account, market=market)
        .exclude(state=ProtectionState.CLOSED.value)
        .first()
    )


def _belongs_to(order: Order, position: Position) -> bool:
    return order.position_id is None and order.side != position.side and not order.is_over


def _store_fill(info: FillInfo, *, order: Order, position: Position | None, seen: Seen) -> Position | None:
    """Store a fill and move the position by it; a fill that is known already moves nothing."""
    if info.trade_id is None or info.fee is None or info.fee_asset is None:
        raise ValueError(f"a fill of order {order.exchange_id} lacks its trade id or fee")
    fill, created = Fill.objects.get_or_create(
        order=order,
        trade_id=info.trade_id,
        defaults={
            "customer_id": order.customer_id,
            "account_id": order.account_id,
            "market_id": order.market_id,
            "side": info.side.value,
            "price": info.price,
            "quantity": info.quantity,
            "fee": info.fee,
            "fee_asset": info.fee_asset,
            "is_maker": info.is_maker,
            "engine_us": info.filled_at_us,
        },
    )
    if not created:
        return position
    position = _move(position, fill, order, seen)
    Fill.objects.filter(id=fill.pk).update(position=position)
    return position


def _move(position: Position | None, fill: Fill, order: Order, seen: Seen) -> Position:
    value = FillValue(side=Side(fill.side), price=fill.price, quantity=fill.quantity, fee=fill.fee)
    if position is None:
        return _open(value, fill, order, seen.received_ns)
    holding, left = apply_fill(position.holding, value)
    position.take(holding)
    if position.quantity == 0 and not position.exit_reason:
        position.exit_reason = _exit_reason(order)
    if left is not None:
        # two resting orders of one account met: never ours (closing orders are reduce-only), so say it loudly
        log.error("position_went_through_zero position=%s order=%s", position.pk, order.pk)
        refresh(position, engine_us=fill.engine_us, received_ns=seen.received_ns, speed=seen.speed)
        _after_close(position)
        return _open(left, fill, order, seen.received_ns)
    return position


def _open(value: FillValue, fill: Fill, order: Order, received_ns: int) -> Position:
    intent = order.intent
    holding = opened_by(value)
    return Position.objects.create(
        customer_id=order.customer_id,
        account_id=order.account_id,
        market_id=order.market_id,
        bot_id=None if intent is None else intent.bot_id,
        side=holding.side.value,
        quantity=holding.quantity,
        entry_quantity=holding.entry_quantity,
        entry_notional=holding.entry_notional,
        fees=holding.fees,
        stop_price=None if intent is None else intent.stop_loss_price,
        opened_us=fill.engine_us,
        opened_received_ns=received_ns,
        naked_since_us=fill.engine_us,
        naked_since_ns=received_ns,
    )


def _exit_reason(order: Order) -> str:
    if order.intent is not None:
        return order.intent.reason or order.intent.purpose
    return Purpose.STOP.value if order.related_exchange_id else "by_hand"


def _after_close(position: Position) -> None:
    if position.state == ProtectionState.CLOSED.value and position.bot_id is not None:
        Bot.objects.filter(id=position.bot_id).update(last_closed_us=position.closed_us)
