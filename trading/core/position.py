"""Positions: arithmetic of fills, coverage by confirmed stops, and the protection state table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum

from trading.core.errors import ImpossibleMove
from trading.core.units import Side


class ProtectionState(Enum):
    """Whether a position is safe, and if not, what is under way."""

    UNPROTECTED = "unprotected"  # the confirmed stops cover less than the position
    PROTECTED = "protected"  # the confirmed stops cover it
    EXITING = "exiting"  # a closing order has been sent and has not ended yet
    CLOSED = "closed"


class ProtectionEvent(Enum):
    """What can happen to a position."""

    STOP_CONFIRMED = "stop_confirmed"  # the confirmed stops now cover the position
    STOP_LOST = "stop_lost"  # they no longer do: cancelled, expired, or the position has grown
    EXIT_SENT = "exit_sent"
    EXIT_REFUSED = "exit_refused"  # refused, expired or proven absent, and the stops cover the position
    EXIT_REFUSED_NAKED = "exit_refused_naked"  # likewise, and they do not
    FLAT = "flat"  # proven fills add up to zero


_NEXT = {
    (ProtectionState.UNPROTECTED, ProtectionEvent.STOP_CONFIRMED): ProtectionState.PROTECTED,
    (ProtectionState.UNPROTECTED, ProtectionEvent.STOP_LOST): ProtectionState.UNPROTECTED,
    (ProtectionState.UNPROTECTED, ProtectionEvent.EXIT_SENT): ProtectionState.EXITING,
    (ProtectionState.UNPROTECTED, ProtectionEvent.FLAT): ProtectionState.CLOSED,
    (ProtectionState.PROTECTED, ProtectionEvent.STOP_CONFIRMED): ProtectionState.PROTECTED,
    (ProtectionState.PROTECTED, ProtectionEvent.STOP_LOST): ProtectionState.UNPROTECTED,
    (ProtectionState.PROTECTED, ProtectionEvent.EXIT_SENT): ProtectionState.EXITING,
    (ProtectionState.PROTECTED, ProtectionEvent.FLAT): ProtectionState.CLOSED,
    # an exit is under way: a stop that comes or goes is counted, the exit goes on
    (ProtectionState.EXITING, ProtectionEvent.STOP_CONFIRMED): ProtectionState.EXITING,
    (ProtectionState.EXITING, ProtectionEvent.STOP_LOST): ProtectionState.EXITING,
    (ProtectionState.EXITING, ProtectionEvent.EXIT_SENT): ProtectionState.EXITING,
    (ProtectionState.EXITING, ProtectionEvent.EXIT_REFUSED): ProtectionState.PROTECTED,
    (ProtectionState.EXITING, ProtectionEvent.EXIT_REFUSED_NAKED): ProtectionState.UNPROTECTED,
    (ProtectionState.EXITING, ProtectionEvent.FLAT): ProtectionState.CLOSED,
}


def next_state(state: ProtectionState, event: ProtectionEvent) -> ProtectionState:
    """Return the state that follows an event.

    Raises: ImpossibleMove when the table has no such move (nothing follows CLOSED).
    """
    try:
        return _NEXT[state, event]
    except KeyError as error:
        raise ImpossibleMove(f"a position that is {state.value} cannot see {event.value}") from error


@dataclass(frozen=True, slots=True)
class Holding:
    """A net position as its proven fills make it.

    Units: quantity in base (>= 0, the side carries the sign), notionals and fees in quote.
    """

    side: Side
    quantity: Decimal
    entry_quantity: Decimal
    entry_notional: Decimal
    exit_notional: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)

    @property
    def entry_price(self) -> Decimal:
        """Return the average price of everything that built the position."""
        return self.entry_notional / self.entry_quantity

    @property
    def pnl_gross(self) -> Decimal:
        """Return the result of what was closed, before fees, once the position is flat."""
        return self.side.sign * (self.exit_notional - self.entry_notional)


@dataclass(frozen=True, slots=True)
class FillValue:
    """One fill: side of the order, exact price and quantity, and the fee in quote."""

    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal


def opened_by(fill: FillValue) -> Holding:
    """Return the position that a first fill makes."""
    return Holding(
        side=fill.side,
        quantity=fill.quantity,
        entry_quantity=fill.quantity,
        entry_notional=fill.price * fill.quantity,
        fees=fill.fee,
    )


def apply_fill(holding: Holding, fill: FillValue) -> tuple[Holding, FillValue | None]:
    """Return the position after a fill, and what of the fill is left when it went through zero.

    A remainder opens a new position on the other side; its share of the fee goes with it.
    """
    if fill.side is holding.side:
        grown = replace(
            holding,
            quantity=holding.quantity + fill.quantity,
            entry_quantity=holding.entry_quantity + fill.quantity,
            entry_notional=holding.entry_notional + fill.price * fill.quantity,
            fees=holding.fees + fill.fee,
        )
        return grown, None
    closing = min(fill.quantity, holding.quantity)
    closing_fee = fill.fee * closing / fill.quantity
    reduced = replace(
        holding,
        quantity=holding.quantity - closing,
        exit_notional=holding.exit_notional + fill.price * closing,
        fees=holding.fees + closing_fee,
    )
    left = fill.quantity - closing
    if left == 0:
        return reduced, None
    return reduced, replace(fill, quantity=left, fee=fill.fee - closing_fee)


def uncovered_quantity(quantity: Decimal, confirmed_stops: Iterable[Decimal]) -> Decimal:
    """Return how much of a position no confirmed stop covers (0 when all of it is covered)."""
    return max(Decimal(0), quantity - sum(confirmed_stops, Decimal(0)))


def stop_is_passed(side: Side, *, mark: Decimal, stop: Decimal) -> bool:
    """Return whether the mark price stands at or beyond the stop of a position on this side.

    A stop that is placed now would wait for the wrong side, because the exchange takes a trigger's direction
    from where the reference price stands at placement. Source: fact sheet of the exchange, section 3.3.
    """
    return mark <= stop if side is Side.BID else mark >= stop
