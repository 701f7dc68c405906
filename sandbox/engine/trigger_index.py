"""Waiting triggers of a market, sorted so that a new price has to look at the next one only."""

from __future__ import annotations

from bisect import bisect_left, insort

from sandbox.engine.orders import Order, Reference

_Entry = tuple[int, int, Order]


class TriggerIndex:
    """Triggers by the price they watch and the direction they wait for; keys are half ticks.

    Falling triggers are stored with negated prices, so that in either list the next one to fire stands first.
    """

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[Reference, tuple[list[_Entry], list[_Entry]]] = {
            reference: ([], []) for reference in Reference
        }

    def add(self, order: Order) -> None:
        """Let an order wait for its price."""
        insort(self._list(order), self._entry(order))

    def remove(self, order: Order) -> None:
        """Stop waiting for an order's price."""
        waiting = self._list(order)
        del waiting[bisect_left(waiting, self._entry(order))]

    def next_due(self, reference: Reference, half_ticks: int) -> Order | None:
        """Return the next order that fires at a price, without removing it."""
        falling, rising = self._waiting[reference]
        if rising and rising[0][0] <= half_ticks:
            return rising[0][2]
        if falling and falling[0][0] <= -half_ticks:
            return falling[0][2]
        return None

    def _list(self, order: Order) -> list[_Entry]:
        return self._waiting[order.trigger_reference][order.fires_rising]

    @staticmethod
    def _entry(order: Order) -> _Entry:
        assert order.request.trigger_ticks is not None
        price = 2 * order.request.trigger_ticks
        return (price if order.fires_rising else -price, order.id, order)
