"""Position states: coverage, naked time and the moves of the protection table, as conditional writes.

Rows are locked in one order everywhere: orders, intents, positions, accounts (docs/adr/0005-lock-order.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Q

from trading.core.position import ProtectionEvent, ProtectionState, next_state, uncovered_quantity
from trading.core.units import Side
from trading.models import Order, OrderIntent, Position


class Moment(NamedTuple):
    """When something was seen.

    Units: `engine_us` the exchange's clock at the event (None where a look-up found it: its time is not known),
    `received_ns` our clock, `speed` how many times faster than the wall clock the market runs.
    """

    engine_us: int | None
    received_ns: int
    speed: float


def exit_sent(intents: Iterable[OrderIntent]) -> set[int]:
    """Mark the positions of closing orders as exiting, each with its reason; return those that are closed already.

    Called in the transaction that stores the intents, and before them.
    """
    closed = set()
    by_position = {intent.position_id: intent for intent in intents if intent.position_id is not None}
    for position_id, intent in sorted(by_position.items()):
        still_open = Position.objects.filter(id=position_id).exclude(state=ProtectionState.CLOSED.value)
        if not still_open.update(state=ProtectionState.EXITING.value, exit_reason=intent.reason):
            closed.add(position_id)
    return closed


def exit_ended(position_ids: Iterable[int | None]) -> None:
    """Take positions out of EXITING when their closing order has ended without closing them.

    They fall back to what their confirmed stops say, so that they are protected, or closed, anew.
    """
    wanted = {one for one in position_ids if one is not None}
    for position in Position.objects.filter(id__in=wanted).order_by("id"):
        if has_live_exit(position):
            continue
        covered = uncovered_quantity(position.quantity, [position.covered_quantity]) == 0
        state = ProtectionState.PROTECTED if covered else ProtectionState.UNPROTECTED
        Position.objects.filter(id=position.pk, state=ProtectionState.EXITING.value).update(
            state=state.value, exit_reason=""
        )


def confirmed_stop_quantity(position: Position) -> Decimal:
    """Return the sum of the stops that the exchange has confirmed and that can only reduce this position.

    A stop is a stop-market at the position's stop price or nearer, on the losing side. One whose quantity the exchange
    gave as a share of the position, or that it does not list any more, is not counted: coverage is never assumed.
    """
    if position.stop_price is None:
        return Decimal(0)
    waiting = Order.objects.filter(
        account_id=position.account_id,
        market_id=position.market_id,
        status=Order.Status.TRIGGER_PENDING,
        side=Side(position.side).opposite.value,
        order_type="Market",
        trigger_quantity__isnull=False,
        missing_since=None,
    ).filter(Q(reduce_only=True) | ~Q(related_exchange_id=""))  # a stop of its own, or a child of our entry
    return sum((order.trigger_quantity for order in waiting if _stops(order, position)), Decimal(0))


def has_live_exit(position: Position) -> bool:
    """Return whether a closing order is under way."""
    return OrderIntent.objects.filter(position=position, purpose="exit", is_live=True).exists()


def refresh(position: Position, moment: Moment) -> Position:
    """Recompute coverage, naked time and state of a locked position row, and save it."""
    position.covered_quantity = confirmed_stop_quantity(position)
    covered = uncovered_quantity(position.quantity, [position.covered_quantity]) == 0
    if covered:
        _end_gap(position, moment)
    elif position.naked_since_ns is None:
        position.naked_since_us, position.naked_since_ns = moment.engine_us, moment.received_ns
    event = _event(position, covered=covered)
    position.state = next_state(ProtectionState(position.state), event).value
    if event is ProtectionEvent.FLAT:
        position.closed_us = moment.engine_us or position.opened_us
    position.save()
    return position


def _stops(order: Order, position: Position) -> bool:
    if position.stop_price is None or order.trigger_price is None:
        return False
    sign = Side(position.side).sign
    distance = (order.trigger_price - position.stop_price) * sign
    is_on_losing_side = (position.holding.entry_price - order.trigger_price) * sign > 0
    return bool(distance == 0 or (distance > 0 and is_on_losing_side))


def _event(position: Position, *, covered: bool) -> ProtectionEvent:
    if position.quantity == 0:
        return ProtectionEvent.FLAT
    if position.state == ProtectionState.EXITING.value and not has_live_exit(position):
        return ProtectionEvent.EXIT_REFUSED if covered else ProtectionEvent.EXIT_REFUSED_NAKED
    return ProtectionEvent.STOP_CONFIRMED if covered else ProtectionEvent.STOP_LOST


def _end_gap(position: Position, moment: Moment) -> None:
    """Add the gap that ends now: on the exchange's clock where both ends are events of it, else on ours."""
    if position.naked_since_ns is None:
        return
    if position.naked_since_us is not None and moment.engine_us is not None:
        gap_us = int((moment.engine_us - position.naked_since_us) / moment.speed)
    else:
        gap_us = (moment.received_ns - position.naked_since_ns) // 1_000
    gap_us = max(0, gap_us)
    position.naked_us += gap_us
    position.naked_max_us = max(position.naked_max_us, gap_us)
    position.naked_since_us = position.naked_since_ns = None
