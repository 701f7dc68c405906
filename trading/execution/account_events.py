"""Account events: what the private stream, or a look-up, shows of an account becomes rows."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from django.db import connection, transaction
from django.db.models import Q

from accounts.models import ExchangeAccount
from trading.core.orders import IntentEvent, IntentState, Purpose, states_before
from trading.core.position import FillValue, ProtectionState, apply_fill, opened_by
from trading.core.units import Side
from trading.exchange.ports import FillInfo
from trading.execution.errors import IncompleteFill
from trading.execution.intent_endings import end_finished
from trading.execution.position_states import Moment, refresh
from trading.models import Bot, Fill, Market, Order, OrderIntent, Position
from trading.models.order import ENDED

log = logging.getLogger(__name__)

ADVISORY_ACCOUNT = 1  # first half of the advisory locks that are taken per account


class Origin(Enum):
    """Where a message about an order came from."""

    STREAM = "stream"  # an event, with the exchange's time
    LISTED = "listed"  # an answer that lists what is open
    HISTORY = "history"  # an answer about the past, which may lag


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShown:
    """An order as a message has shown it, whichever way it came.

    Units: `engine_us` the exchange's clock, `received_ns` ours. `reduce_only` is None where the source does not say.
    Of what was asked for only the time of the question is known (`received_ns`); `engine_us` is then that of the order.
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
    origin: Origin
    fill: FillInfo | None = None


def apply(shown: OrderShown, *, account: ExchangeAccount, market: Market, speed: float) -> int | None:
    """Store an order's newest state, and its fill, once; return the open position that it touched.

    Showing the same message twice changes nothing. One transaction: a fill and the position that it makes are
    never apart. Stream and look-ups may show the same account at once: they take turns.

    Raises: IncompleteFill.
    """
    engine_us = shown.engine_us if shown.origin is Origin.STREAM else None
    moment = Moment(engine_us, shown.received_ns, speed)
    with transaction.atomic():
        _take_turn(account)
        order = _store_order(shown, account=account, market=market)
        _acknowledge(order)
        position = _locked_position(account, market)
        if shown.fill is not None:
            position = _store_fill(shown.fill, order=order, position=position, moment=moment)
        if order.is_over:
            end_finished(Q(order=order))
        if position is None:
            return None
        if _belongs_to(order, position):
            Order.objects.filter(id=order.pk, position=None).update(position=position)
        if shown.fill is not None and position.quantity == 0:
            moment = moment._replace(engine_us=shown.fill.filled_at_us)
        refresh(position, moment)
        _after_close(position)
        return position.pk


def _take_turn(account: ExchangeAccount) -> None:
    """Wait until nobody else applies messages of this account; given back with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ADVISORY_ACCOUNT, account.pk])


def _store_order(shown: OrderShown, *, account: ExchangeAccount, market: Market) -> Order:
    order = _known_order(shown, account) or _new_order(shown, account=account, market=market)
    if _is_news(order, shown):
        newest_us = max(order.updated_us, shown.engine_us if shown.origin is Origin.STREAM else 0)
        seen_ns = max(order.seen_ns, shown.received_ns)
        columns = {**_columns(shown), "updated_us": newest_us, "seen_ns": seen_ns, "missing_since": None}
        if any(getattr(order, name) != value for name, value in columns.items()):
            for name, value in columns.items():
                setattr(order, name, value)
            order.save()
    if order.trigger_price is None and order.related_exchange_id:
        # a trigger has fired: the order it placed names it as its parent
        parent = Order.objects.filter(account=account, exchange_id=order.related_exchange_id)
        parent.filter(status=Order.Status.TRIGGER_PENDING).update(
            status=Order.Status.TRIGGERED, updated_us=shown.engine_us
        )
        end_finished(Q(order__account=account, order__exchange_id=order.related_exchange_id))
    return order


def _known_order(shown: OrderShown, account: ExchangeAccount) -> Order | None:
    rows = Order.objects.select_for_update(no_key=True, of=("self",)).select_related("intent")
    return rows.filter(account=account, exchange_id=shown.exchange_id).first()


def _new_order(shown: OrderShown, *, account: ExchangeAccount, market: Market) -> Order:
    """Store an order that no row shows yet; whoever records the answer to its request may be faster."""
    row = Order(
        customer_id=account.customer_id,
        account=account,
        market=market,
        exchange_id=shown.exchange_id,
        intent=_intent_of(shown, account),
        placed_us=shown.engine_us,
        seen_ns=shown.received_ns,
        **_columns(shown),
    )
    Order.objects.bulk_create([row], ignore_conflicts=True)
    order = _known_order(shown, account)
    if order is None:
        # the intent has another order: one request must never become two
        log.error("second_order_of_an_intent account=%s client_id=%s", account.pk, shown.client_id)
        row.intent = None
        row.save()
        return row
    return order


def _is_news(order: Order, shown: OrderShown) -> bool:
    """Return whether a message tells more than the row: an order never comes back from its end."""
    if order.is_over:
        return shown.status in ENDED and shown.executed_quantity > order.executed_quantity
    if shown.status in ENDED:
        return True
    if shown.origin is Origin.STREAM:
        return bool(shown.engine_us >= order.updated_us)
    # the history may lag, so it tells of endings only; the list of open orders tells what stood when it was asked for
    return shown.origin is Origin.LISTED and bool(shown.received_ns > order.seen_ns)


def _columns(shown: OrderShown) -> dict[str, object]:
    columns: dict[str, object] = {
        "client_id": shown.client_id,
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
    # the order history says neither of these
    if shown.reduce_only is not None:
        columns["reduce_only"] = shown.reduce_only
    if shown.related_exchange_id:
        columns["related_exchange_id"] = shown.related_exchange_id
    return columns


def _intent_of(shown: OrderShown, account: ExchangeAccount) -> OrderIntent | None:
    """Return the intent that became this order; a child of ours may echo its parent's client id, and is none."""
    if shown.client_id is None or shown.related_exchange_id:
        return None
    intents = OrderIntent.objects.filter(account=account, client_id=shown.client_id, order=None)
    return intents.filter(trigger_price__isnull=shown.trigger_price is None).first()


def _acknowledge(order: Order) -> None:
    """Record that the exchange knows an intent's order; the answer to the request may be slower, or lost."""
    intent = order.intent
    if intent is None or intent.state == IntentState.ACKNOWLEDGED.value:
        return
    possible = [state.value for state in states_before(IntentEvent.SEEN_AT_EXCHANGE)]
    known = OrderIntent.objects.filter(id=intent.pk, state__in=possible)
    if not known.update(state=IntentState.ACKNOWLEDGED.value):
        log.error("order_of_an_intent_that_cannot_have_one intent=%s order=%s", intent.pk, order.pk)


def _locked_position(account: ExchangeAccount, market: Market) -> Position | None:
    return (
        Position.objects.select_for_update(no_key=True)
        .filter(account=account, market=market)
        .exclude(state=ProtectionState.CLOSED.value)
        .first()
    )


def _belongs_to(order: Order, position: Position) -> bool:
    return order.position_id is None and order.side != position.side and not order.is_over


def _store_fill(info: FillInfo, *, order: Order, position: Position | None, moment: Moment) -> Position | None:
    """Store a fill and move the position by it; a fill that is known already moves nothing."""
    if info.trade_id is None or info.fee is None or info.fee_asset is None:
        raise IncompleteFill(f"a fill of order {order.exchange_id} lacks its trade id or fee")
    if Fill.objects.filter(order=order, trade_id=info.trade_id).exists():
        return position
    fill = Fill(
        order=order,
        trade_id=info.trade_id,
        customer_id=order.customer_id,
        account_id=order.account_id,
        market_id=order.market_id,
        side=info.side.value,
        price=info.price,
        quantity=info.quantity,
        fee=info.fee,
        fee_asset=info.fee_asset,
        is_maker=info.is_maker,
        engine_us=info.filled_at_us,
    )
    fill.position = _move(position, fill, order, moment)
    fill.save(force_insert=True)
    return fill.position


def _move(position: Position | None, fill: Fill, order: Order, moment: Moment) -> Position:
    value = FillValue(side=Side(fill.side), price=fill.price, quantity=fill.quantity, fee=fill.fee)
    if position is None:
        return _open(value, fill, order, moment)
    holding, left = apply_fill(position.holding, value)
    position.take(holding)
    _adopt(position, order)
    if position.quantity == 0:
        position.exit_reason = _exit_reason(order, position)
    if left is not None:
        # two resting orders of one account met: never ours (closing orders are reduce-only), so say it loudly
        log.error("position_went_through_zero position=%s order=%s", position.pk, order.pk)
        refresh(position, moment._replace(engine_us=fill.engine_us))
        _after_close(position)
        return _open(left, fill, order, moment)
    return position


def _adopt(position: Position, order: Order) -> None:
    """Take over a position made by hand once a bot's entry has grown it: from then on it is protected."""
    intent = order.intent
    if intent is None or order.side != position.side:
        return
    if position.stop_price is None and intent.stop_loss_price is not None:
        position.bot_id, position.stop_price = intent.bot_id, intent.stop_loss_price


def _open(value: FillValue, fill: Fill, order: Order, moment: Moment) -> Position:
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
        opened_received_ns=moment.received_ns,
        naked_since_us=None if moment.engine_us is None else fill.engine_us,
        naked_since_ns=moment.received_ns,
    )


def _exit_reason(order: Order, position: Position) -> str:
    """Return why a position is flat, from the order whose fill made it so; a wish that was refused is no reason."""
    if order.intent is not None:
        return order.intent.reason or order.intent.purpose
    if order.related_exchange_id or _a_stop_has_gone(order, position):
        return Purpose.STOP.value
    return "by_hand"


def _a_stop_has_gone(order: Order, position: Position) -> bool:
    """Return whether an order without a parent's name looks like what a stop of this position has placed.

    The order history names no parents, so a stop that fired unseen is known by its absence: reduce-only, at market, on
    the closing side, while a stop of the position is not listed any more.
    """
    if order.order_type != "Market" or order.side == position.side:
        return False
    gone = Q(status=Order.Status.TRIGGERED) | Q(status=Order.Status.TRIGGER_PENDING, missing_since__isnull=False)
    stops = Order.objects.filter(gone, account_id=order.account_id, market_id=order.market_id, side=order.side)
    return stops.filter(trigger_price=position.stop_price).exists()


def _after_close(position: Position) -> None:
    if position.state == ProtectionState.CLOSED.value and position.bot_id is not None:
        Bot.objects.filter(id=position.bot_id).update(last_closed_us=position.closed_us)
