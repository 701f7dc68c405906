"""An endless, seeded flow of orders for several markets, whose imbalance predicts as little as a real one's.

Each market has two hidden processes. The *lean* y is an Ornstein-Uhlenbeck process, ``dy = -y/T dt + s sqrt(2/T) dW``
with standard deviation s and relaxation time T; levels are refreshed towards a size proportional to ``1 + tanh(y)``
on the bids and ``1 - tanh(y)`` on the asks, so the imbalance over 20 levels follows ``tanh(y)``. The *fair price* P
diffuses with a small drift in the direction of the lean, ``d ln P = k tanh(y) dt + v dW``. Market orders carry the
book to the fair price. Groups of events arrive as a self-exciting process, each market order raising the rate:
``rate(t) = m + sum a exp(-b (t - t_i))``, sampled by thinning.

Source: Hawkes 1971 for the arrivals, Ogata 1981 for thinning, Gould & Bonart 2016 (arXiv:1512.03492) for imbalance
as a predictor. Drift and volatility are set to what recordings of perpetuals show: about +0.35 bp in the 5 s after an
imbalance beyond 0.4. That levels follow a hidden lean, instead of single orders making it, is ours.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import exp, sqrt, tanh
from random import Random
from typing import NamedTuple

from recordings.events import BookUpdate, Level, MarketEvent, Trade

_LEAN_DEVIATION = 0.52
_LEAN_RELAXATION_S = 20.0
_DRIFT_BPS_PER_S = 0.15
_VOLATILITY_BPS = 0.62
"""Of one second; 1.4 bp in five."""

_BASE_RATE_PER_S = 5.5
_EXCITATION_PER_S = 2.0
_EXCITATION_DECAY_PER_S = 4.0
_MOVE_SHARE, _TAKE_SHARE = 0.14, 0.08
"""Of the groups: market orders that carry the book to the fair price, and small ones that do not."""

_SNAPSHOT_LEVELS, _MOST_LEVELS = 30, 40
_REFRESHED_LEVELS, _LEANING_LEVELS = 3, 24
_CANCEL_SHARE = 0.08
_NS_PER_US, _US_PER_S, _BPS = 1_000, 1_000_000, 10_000.0


class GeneratedMarket(NamedTuple):
    """A market to generate.

    Units: price in quote per base, level_quantity in base (what a level near the touch holds on average), spread and
    gap (the mean distance of two levels) in ticks.
    """

    symbol: str
    tick_size: Decimal
    step_size: Decimal
    price: Decimal
    level_quantity: Decimal
    spread_ticks: int
    gap_ticks: int


DEFAULT_MARKETS = (
    GeneratedMarket("BTC_USDC_PERP", Decimal("0.1"), Decimal("0.00001"), Decimal(65_000), Decimal("0.6"), 7, 13),
    GeneratedMarket("ETH_USDC_PERP", Decimal("0.01"), Decimal("0.0001"), Decimal(2_600), Decimal(12), 7, 5),
    GeneratedMarket("SOL_USDC_PERP", Decimal("0.01"), Decimal("0.01"), Decimal(150), Decimal(90), 1, 1),
    GeneratedMarket("SOL_USDC", Decimal("0.01"), Decimal("0.01"), Decimal(150), Decimal(40), 2, 1),
)


def generate(markets: Sequence[GeneratedMarket], *, seed: int, start_ns: int) -> Iterator[tuple[str, MarketEvent]]:
    """Yield the events of all markets in time order, without end; the same seed yields the same events.

    A market begins with a snapshot of 30 levels a side. Books are never crossed, and no side is ever empty. Trades
    come before the update that takes their quantity from the book, at the same time.

    Raises: ValueError for a price of so few ticks that the bids could reach zero.
    """
    for market in markets:
        _require_room(market)
    flows = [_named_events(market, seed=seed, start_ns=start_ns) for market in markets]
    return heapq.merge(*flows, key=_exchange_ns)


def _require_room(market: GeneratedMarket) -> None:
    ticks = market.price / market.tick_size
    if ticks < 10 * (_MOST_LEVELS * market.gap_ticks + market.spread_ticks):
        raise ValueError(f"{market.symbol}: a price of {ticks:f} ticks is too low for its gaps")


def _named_events(market: GeneratedMarket, *, seed: int, start_ns: int) -> Iterator[tuple[str, MarketEvent]]:
    # A source of chance per market: leaving one market out does not change the others.
    rng = Random(f"{seed} {market.symbol}")  # noqa: S311 - a simulation
    for event in _market_events(market, rng, start_ns):
        yield market.symbol, event


def _exchange_ns(named: tuple[str, MarketEvent]) -> int:
    return named[1].exchange_ns


def _market_events(market: GeneratedMarket, rng: Random, start_ns: int) -> Iterator[MarketEvent]:
    lean = rng.gauss(0.0, _LEAN_DEVIATION)
    fair = float(market.price / market.tick_size)
    book = _Book(market, rng, fair=fair, imbalance=tanh(lean))
    yield BookUpdate(start_ns, True, *book.levels())
    now_ns, excitation, since_move_s = start_ns, 0.0, 0.0
    while True:
        wait_us, excitation = _next_arrival(rng, excitation)
        now_ns += wait_us * _NS_PER_US
        wait_s = wait_us / _US_PER_S
        since_move_s += wait_s
        lean = _next_lean(rng, lean, wait_s)
        choice = rng.random()
        if choice < _MOVE_SHARE:
            fair = _next_fair(rng, fair, tanh(lean), since_move_s)
            since_move_s = 0.0
            trades = book.move_to(fair, tanh(lean))
        elif choice < _MOVE_SHARE + _TAKE_SHARE:
            trades = book.take_a_part(tanh(lean))
        else:
            trades = []
            book.refresh(tanh(lean))
        excitation += _EXCITATION_PER_S if trades else 0.0
        for price_ticks, quantity_lots, buyer_is_maker in trades:
            yield Trade(now_ns, price_ticks, quantity_lots, buyer_is_maker)
        bids, asks = book.changes()
        if bids or asks:
            yield BookUpdate(now_ns, False, bids, asks)


def _next_arrival(rng: Random, excitation: float) -> tuple[int, float]:
    """Return the wait until the next group, in microseconds, and the excitation that is left by then."""
    wait_s = 0.0
    while True:
        highest_rate = _BASE_RATE_PER_S + excitation  # it only decays until the next arrival
        step_s = rng.expovariate(highest_rate)
        wait_s += step_s
        excitation *= exp(-_EXCITATION_DECAY_PER_S * step_s)
        if rng.random() * highest_rate <= _BASE_RATE_PER_S + excitation:
            return max(1, round(wait_s * _US_PER_S)), excitation


def _next_lean(rng: Random, lean: float, wait_s: float) -> float:
    """Return the lean after a while: the exact transition of an Ornstein-Uhlenbeck process."""
    kept = exp(-wait_s / _LEAN_RELAXATION_S)
    return lean * kept + _LEAN_DEVIATION * sqrt(1.0 - kept * kept) * rng.gauss(0.0, 1.0)


def _next_fair(rng: Random, fair: float, imbalance: float, wait_s: float) -> float:
    """Return the fair price in ticks after a while with a steady imbalance."""
    drift_bps = _DRIFT_BPS_PER_S * imbalance * wait_s
    return fair * exp((drift_bps + _VOLATILITY_BPS * sqrt(wait_s) * rng.gauss(0.0, 1.0)) / _BPS)


class _Side:
    """One side of a book by *depth*: the price for asks, its negative for bids, so that the best is the least."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.depths: list[int] = []
        self.lots: dict[int, int] = {}
        self._before: dict[int, int] = {}

    def put(self, depth: int, lots: int) -> None:
        """Set a level's quantity; 0 deletes it."""
        self._before.setdefault(depth, self.lots.get(depth, 0))
        if lots == 0:
            del self.lots[depth]
            del self.depths[bisect_left(self.depths, depth)]
            return
        if depth not in self.lots:
            insort(self.depths, depth)
        self.lots[depth] = lots

    def levels(self) -> tuple[Level, ...]:
        """Return all levels, best first."""
        return tuple([(depth * self.sign, self.lots[depth]) for depth in self.depths])

    def take_changes(self) -> tuple[Level, ...]:
        """Return the levels whose quantity differs from the last time."""
        now = [(depth, self.lots.get(depth, 0), before) for depth, before in self._before.items()]
        self._before.clear()
        return tuple([(depth * self.sign, lots) for depth, lots, before in now if lots != before])


class _Book:
    """The book of a generated market; every method keeps it uncrossed and both sides filled."""

    def __init__(self, market: GeneratedMarket, rng: Random, *, fair: float, imbalance: float) -> None:
        self._rng = rng
        self._spread_ticks = market.spread_ticks
        self._gap_ticks = market.gap_ticks
        self._mean_lots = float(market.level_quantity / market.step_size)
        self._bids, self._asks = _Side(-1), _Side(1)
        bid, ask = self._touch(fair)
        for side, best in ((self._bids, -bid), (self._asks, ask)):
            self._build(side, best, imbalance)
        self.changes()

    def levels(self) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Return bids and asks, best first."""
        return self._bids.levels(), self._asks.levels()

    def changes(self) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Return the bids and asks that changed since the last time."""
        return self._bids.take_changes(), self._asks.take_changes()

    def move_to(self, fair: float, imbalance: float) -> list[tuple[int, int, bool]]:
        """Carry the touch to the fair price and return the trades of the market order that did it."""
        bid, ask = self._touch(fair)
        trades = [*self._sweep(self._asks, ask), *self._sweep(self._bids, -bid)]
        for side, best in ((self._bids, -bid), (self._asks, ask)):
            self._extend(side, best, imbalance)
        return trades

    def take_a_part(self, imbalance: float) -> list[tuple[int, int, bool]]:
        """Let a small market order take a part of the best level; it buys more often into a lean to the bids."""
        buys = self._rng.random() < 0.5 + 0.2 * imbalance
        side = self._asks if buys else self._bids
        best = side.depths[0]
        there = side.lots[best]
        taken = int(there * self._rng.random() * 0.6)
        if taken == 0:
            return []
        side.put(best, there - taken)
        return [(best * side.sign, taken, not buys)]

    def refresh(self, imbalance: float) -> None:
        """Let limit orders and cancels bring some levels of each side towards their size."""
        for side in (self._bids, self._asks):
            for _ in range(_REFRESHED_LEVELS):
                place = int(self._rng.random() * min(_LEANING_LEVELS, len(side.depths)))
                self._change(side, place, imbalance)

    def _change(self, side: _Side, place: int, imbalance: float) -> None:
        depth = side.depths[place]
        if place == 0 or self._rng.random() >= _CANCEL_SHARE:
            side.put(depth, self._size(side, imbalance))
            return
        # One level goes and another comes in the same region, so that the side keeps its density.
        side.put(depth, 0)
        side.put(depth + 1 if depth + 1 not in side.lots else depth, self._size(side, imbalance))

    def _touch(self, fair: float) -> tuple[int, int]:
        spread = max(1, round(self._spread_ticks * (0.6 + 0.8 * self._rng.random())))
        bid = round(fair - spread / 2)
        return bid, bid + spread

    def _size(self, side: _Side, imbalance: float) -> int:
        """Draw a level's quantity: its side's share of the lean, times a gamma draw of mean 1 and deviation 0.5."""
        share = 1.0 - side.sign * imbalance
        return max(1, round(self._mean_lots * share * self._rng.gammavariate(4.0, 0.25)))

    def _sweep(self, side: _Side, best: int) -> list[tuple[int, int, bool]]:
        """Take every level better than `best` out of a side."""
        trades = []
        while side.depths and side.depths[0] < best:
            depth = side.depths[0]
            trades.append((depth * side.sign, side.lots[depth], side is self._bids))
            side.put(depth, 0)
        return trades

    def _build(self, side: _Side, best: int, imbalance: float) -> None:
        depth = best
        while len(side.depths) < _SNAPSHOT_LEVELS:
            side.put(depth, self._size(side, imbalance))
            depth += self._gap()

    def _extend(self, side: _Side, best: int, imbalance: float) -> None:
        """Fill a side up to its new best price, and keep its number of levels within bounds."""
        depth = best
        while not side.depths or depth < side.depths[0]:
            side.put(depth, self._size(side, imbalance))
            depth += self._gap()
        while len(side.depths) < _SNAPSHOT_LEVELS:
            side.put(side.depths[-1] + self._gap(), self._size(side, imbalance))
        while len(side.depths) > _MOST_LEVELS:
            side.put(side.depths[-1], 0)

    def _gap(self) -> int:
        return 1 + int(2 * (self._gap_ticks - 1) * self._rng.random() + 0.5)
