"""Position states: coverage, naked time and the moves of the protection table, as conditional writes."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Q, Sum

from trading.core.position import ProtectionEvent, ProtectionState, next_state, uncovered_quantity
from trading.core.units import Side
from trading.models import Order, OrderIntent, Position


def exit_sent(intents: Iterable[OrderIntent]) -> None:
    """Mark the positions of closing orders as exiting, each with its reason; closed ones stay closed.

    Called in the transaction that stores the intents, and before them: rows are locked in one order everywhere
    (orders, intents, positions, accounts; docs/adr/0005-lock-order.md).
    """
    for intent in sorted(intents, key=lambda one: one.position_id or 0):
        Position.objects.filter(id=intent.position_id or 0).exclude(state=ProtectionState.CLOSED.value).update(
            state=ProtectionState.EXITING.value, exit_reason=intent.reason
        )


def confirmed_stop_quantity(position: Position) -> Decimal:
    """Return the sum of the stops that the exchange has confirmed and that can only reduce this position.

    A stop whose quantity the exchange gave as a share of the position is not counted: coverage is never assumed.
    """
    closing_side = Side(position.side).opposite.value
    stops = Order.objects.filter(
        account_id=position.account_id,
        market_id=position.market_id,
        status=Order.Status.TRIGGER_PENDING,
        side=closing_side,
        trigger_quantity__isnull=False,
    ).filter(Q(reduce_only=True) | ~Q(related_exchange_id=""))  # a stop of its own, or a child of our entry
    return stops.aggregate(total=Sum("trigger_quantity"))["total"] or Decimal(0)


def has_live_exit(position: Position) -> bool:
    """Return whether a closing order is under way."""
    return OrderIntent.objects.filter(position=position, purpose="exit", is_live=True).exists()


def exit_ended(position_ids: Iterable[int | None]) -> None:
    """Take positions out of EXITING when their closing order has ended without closing them.

    They fall back to what their confirmed stops say, so that they are protected, or closed, anew.
    """
    for position in Position.objects.filter(id__in=[one for one in position_ids if one is not None]):
        if has_live_exit(position):
            continue
        covered = uncovered_quantity(position.quantity, [position.covered_quantity]) == 0
        state = ProtectionState.PROTECTED if covered else ProtectionState.UNPROTECTED
        Position.objects.filter(id=position.pk, state=ProtectionState.EXITING.value).update(state=state.value)


def refresh(position: Position, *, engine_us: int, received_ns: int, speed: float) -> Position:
    """Recompute coverage, naked time and state of a locked position row, and save it.

    Units: `engine_us` the exchange's clock at the event; naked time is stored divided by `speed` (wall time).
    """
    position.covered_quantity = confirmed_stop_quantity(position)
    covered = uncovered_quantity(position.quantity, [position.covered_quantity]) == 0
    if covered:
        _end_gap(position, engine_us, speed)
    elif position.naked_since_us is None:
        position.naked_since_us, position.naked_since_ns = engine_us, received_ns
    event = _event(position, covered=covered)
    position.state = next_state(ProtectionState(position.state), event).value
    if event is ProtectionEvent.FLAT:
        position.closed_us = engine_us
    position.save()
    return position


def _event(position: Position, *, covered: bool) -> ProtectionEvent:
    if position.quantity == 0:
        return ProtectionEvent.FLAT
    if position.state == ProtectionState.EXITING.value and not has_live_exit(position):
        return ProtectionEvent.EXIT_REFUSED if covered else ProtectionEvent.EXIT_REFUSED_NAKED
    return ProtectionEvent.STOP_CONFIRMED if covered else ProtectionEvent.STOP_LOST


def _end_gap(position: Position, engine_us: int, speed: float) -> None:
    if position.naked_since_us is None:
        return
    gap_us = max(0, int((engine_us - position.naked_since_us) / speed))
    position.naked_us += gap_us
    position.naked_max_us = max(position.naked_max_us, gap_us)
    position.naked_since_us = position.naked_since_ns = None
