"""One market's order book: recorded liquidity and customers' orders in one queue per price.

Per price the recorded quantity and the customers' orders share a queue. A customer's order remembers how much recorded
quantity stood there before it (`ahead`), so its place is known although the recording knows nothing of it.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from recordings.events import Level
from sandbox.engine.orders import Order, Side


class BookSide:
    """Bids or asks. Prices are kept as keys that grow towards the best price, so that the best one is the last."""

    __slots__ = ("changed", "keys", "queue_keys", "queues", "recorded", "sign")

    def __init__(self, side: Side) -> None:
        self.sign = side.sign
        self.recorded: dict[int, int] = {}
        self.queues: dict[int, list[Order]] = {}
        self.keys: list[int] = []
        self.queue_keys: list[int] = []
        self.changed: dict[int, int] = {}

    def best(self) -> int | None:
        """Return the best price, customers' orders included."""
        return self.keys[-1] * self.sign if self.keys else None

    def best_order_price(self) -> int | None:
        """Return the best price at which a customer's order rests."""
        return self.queue_keys[-1] * self.sign if self.queue_keys else None

    def best_recorded(self) -> int | None:
        """Return the best price with recorded quantity."""
        recorded = self.recorded
        if not recorded:
            return None
        for key in reversed(self.keys):
            if key * self.sign in recorded:
                return key * self.sign
        return None

    def lots_at(self, price: int) -> int:
        """Return what rests at a price, recorded and customers' together."""
        lots = self.recorded.get(price, 0)
        queue = self.queues.get(price)
        return lots + sum(order.lots - order.filled for order in queue) if queue else lots

    def levels(self, limit: int | None = None) -> list[tuple[int, int]]:
        """Return (price, lots) of the best `limit` levels, best first."""
        keys = self.keys if limit is None else self.keys[-limit:]
        return [(key * self.sign, self.lots_at(key * self.sign)) for key in reversed(keys)]

    def set_recorded(self, price: int, lots: int) -> None:
        """Set the recorded quantity of a level; customers' orders keep their place, or better."""
        recorded = self.recorded
        before = recorded.get(price, 0)
        if lots == before:
            return
        queue = self.queues.get(price)
        if lots:
            recorded[price] = lots
            if not before and not queue:
                insort(self.keys, price * self.sign)
        else:
            del recorded[price]
            if not queue:
                self._drop_key(price)
        if queue:
            for order in queue:
                order.ahead = min(order.ahead, lots)
            lots += sum(order.lots - order.filled for order in queue)
        self.changed[price] = lots

    def take_recorded(self, price: int, lots: int) -> None:
        """Take recorded quantity from the front of a level: a customer hit it, or a recorded trade ate it."""
        for order in self.queues.get(price, ()):
            order.ahead = max(0, order.ahead - lots)
        self.set_recorded(price, self.recorded[price] - lots)

    def pass_recorded(self, price: int, lots: int) -> None:
        """Let recorded quantity before the orders of a level go; the recording's next update says what is left."""
        for order in self.queues.get(price, ()):
            order.ahead = max(0, order.ahead - lots)

    def replace_recorded(self, levels: tuple[Level, ...]) -> None:
        """Replace the recorded quantities of the whole side."""
        fresh = dict(levels)
        for price in [price for price in self.recorded if price not in fresh]:
            self.set_recorded(price, 0)
        for price, lots in levels:
            self.set_recorded(price, lots)

    def keep_best_recorded(self, depth: int) -> None:
        """Forget recorded levels beyond the best `depth`: a depth-limited source says nothing about them any more."""
        surplus = len(self.recorded) - depth
        if surplus <= 0:
            return
        recorded = self.recorded
        worst = [key * self.sign for key in self.keys if key * self.sign in recorded][:surplus]
        for price in worst:
            self.set_recorded(price, 0)

    def rest(self, order: Order) -> None:
        """Put an order at the end of its price's queue."""
        price = order.price_ticks
        order.ahead = self.recorded.get(price, 0)
        queue = self.queues.get(price)
        if queue is None:
            self.queues[price] = [order]
            insort(self.queue_keys, price * self.sign)
            if price not in self.recorded:
                insort(self.keys, price * self.sign)
        else:
            queue.append(order)
        self.changed[price] = self.lots_at(price)

    def remove(self, order: Order) -> None:
        """Take a resting order out of its queue."""
        price = order.price_ticks
        queue = self.queues[price]
        queue.remove(order)
        if not queue:
            del self.queues[price]
            del self.queue_keys[bisect_left(self.queue_keys, price * self.sign)]
            if price not in self.recorded:
                self._drop_key(price)
        self.changed[price] = self.lots_at(price)

    def note_change(self, price: int) -> None:
        """Publish a level again after an order's remaining quantity changed."""
        self.changed[price] = self.lots_at(price)

    def _drop_key(self, price: int) -> None:
        del self.keys[bisect_left(self.keys, price * self.sign)]


class Book:
    """Both sides of a market; `sides[Side.BID]` and `sides[Side.ASK]`."""

    __slots__ = ("asks", "bids", "sides")

    def __init__(self) -> None:
        self.bids = BookSide(Side.BID)
        self.asks = BookSide(Side.ASK)
        self.sides = (self.bids, self.asks)

    def mid_half_ticks(self) -> int | None:
        """Return best bid plus best ask, which is the mid in half ticks, or None while a side is empty."""
        bids, asks = self.bids.keys, self.asks.keys
        return bids[-1] - asks[-1] if bids and asks else None
