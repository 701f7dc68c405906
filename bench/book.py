"""Bench: microseconds per book update of 12 levels with the imbalance of the best 20, and what others take.

python -m bench.book [updates]
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from decimal import Decimal

from trading.core.book import BookView, Levels, OrderBook
from trading.core.obi import book_imbalance, order_book_imbalance
from trading.core.units import MarketGrid, Side
from trading.exchange.backpack.parse import parse_depth

DEPTH = 20
LEVELS = 6  # per side and update
GRID = MarketGrid(tick_size=Decimal("0.1"), step_size=Decimal("0.00001"), min_quantity=Decimal("0.00001"))
Update = tuple[Levels, Levels]


def updates(count: int, *, seed: int = 1) -> list[Update]:
    """Return updates on both sides of one price: near levels change most, a third of the changes deletes."""
    chance = random.Random(seed)
    mid, made = 860_000, []  # it stays: a price that wanders would leave a crossed book behind
    for _ in range(count):
        sides = []
        for sign in (-1, 1):
            ticks = {mid + sign * (1 + int(chance.expovariate(0.08))) for _ in range(LEVELS)}
            sides.append(tuple((level, chance.choice((0, 1, 1)) * chance.randint(1, 500_000)) for level in ticks))
        made.append((sides[0], sides[1]))
    return made


def start_book() -> Update:
    """Return a full book to start from."""
    return (
        tuple((859_999 - i, 1_000 + i) for i in range(1_000)),
        tuple((860_001 + i, 1_000 + i) for i in range(1_000)),
    )


def ours(made: list[Update]) -> float:
    """Apply every update to our book and take the imbalance; return the sum of imbalances."""
    book = OrderBook()
    book.replace(*start_book())
    total = 0.0
    for bids, asks in made:
        book.apply(bids, asks)
        total += order_book_imbalance(book.volume(Side.BID, DEPTH), book.volume(Side.ASK, DEPTH))
    return total


def ours_through_views(made: list[Update]) -> float:
    """Do the same the way a decision does: through a view of the best levels."""
    book = OrderBook()
    book.replace(*start_book())
    total = 0.0
    for bids, asks in made:
        book.apply(bids, asks)
        total += book_imbalance(BookView(*book.top(DEPTH)), DEPTH)
    return total


def sorted_dicts(made: list[Update]) -> float:
    """Do the same with sortedcontainers, the usual choice."""
    from sortedcontainers import SortedDict  # type: ignore[import-untyped]  # noqa: PLC0415  # may be missing

    sides = [SortedDict(levels) for levels in start_book()]
    total = 0.0
    for update in made:
        for side, levels in zip(sides, update, strict=True):
            for ticks, lots in levels:
                if lots:
                    side[ticks] = lots
                else:
                    side.pop(ticks, None)
        bid_volume = sum(sides[0].values()[-DEPTH:])
        ask_volume = sum(sides[1].values()[:DEPTH])
        total += order_book_imbalance(bid_volume, ask_volume)
    return total


def dicts_sorted_on_demand(made: list[Update]) -> float:
    """Do the same with plain dicts, sorted for every imbalance."""
    sides = [dict(levels) for levels in start_book()]
    total = 0.0
    for update in made:
        for side, levels in zip(sides, update, strict=True):
            for ticks, lots in levels:
                if lots:
                    side[ticks] = lots
                else:
                    side.pop(ticks, None)
        bid_volume = sum(side_lots for _, side_lots in sorted(sides[0].items(), reverse=True)[:DEPTH])
        ask_volume = sum(side_lots for _, side_lots in sorted(sides[1].items())[:DEPTH])
        total += order_book_imbalance(bid_volume, ask_volume)
    return total


def parsing(made: list[Update]) -> float:
    """Read the same updates from the exchange's texts."""
    messages = [
        {
            "s": "BTC_USDC_PERP",
            "U": i,
            "u": i,
            "T": i,
            "E": i,
            "b": [[f"{ticks / 10:.1f}", f"{lots / 100_000:.5f}"] for ticks, lots in bids],
            "a": [[f"{ticks / 10:.1f}", f"{lots / 100_000:.5f}"] for ticks, lots in asks],
        }
        for i, (bids, asks) in enumerate(made)
    ]
    started_ns = time.perf_counter_ns()
    for message in messages:
        parse_depth(message, GRID)
    return (time.perf_counter_ns() - started_ns) / 1_000 / len(made)


def microseconds(run: Callable[[list[Update]], float], made: list[Update]) -> tuple[float, float]:
    """Return microseconds per update, the best of three runs, and the run's result."""
    best, result = float("inf"), 0.0
    for _ in range(3):
        started_ns = time.perf_counter_ns()
        result = run(made)
        best = min(best, (time.perf_counter_ns() - started_ns) / 1_000 / len(made))
    return best, result


def main(count: int) -> None:
    """Print the figures of one run."""
    made = updates(count)
    reference: float | None = None
    for name, run, size in (
        ("ours, imbalance in place", ours, count),
        ("ours, through a view", ours_through_views, count),
        ("sortedcontainers", sorted_dicts, count),
        ("dicts sorted on demand", dicts_sorted_on_demand, count // 20),
    ):
        try:
            took_us, result = microseconds(run, made[:size])
        except ImportError as error:
            print(f"{name:28} not measured: {error}")
            continue
        if size == count:
            reference = result if reference is None else reference
            assert result == reference, f"{name} disagrees"
        print(f"{name:28} {took_us:8.2f} us per update")
    print(f"{'texts to ticks and lots':28} {parsing(made):8.2f} us per update")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
