"""The generated flow is a market that could be: whole books, matching trades, and a signal as weak as a real one."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice, pairwise, takewhile
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.events import BookUpdate, MarketEvent, Trade
from sandbox.market.generator import DEFAULT_MARKETS, GeneratedMarket, generate

START_NS = 1_700_000_000_000_000_000
NS_PER_S = 1_000_000_000
Floats = npt.NDArray[np.float64]
Side = dict[int, int]


def flow(market: GeneratedMarket, *, seed: int = 1) -> Iterator[MarketEvent]:
    return (event for _, event in generate([market], seed=seed, start_ns=START_NS))


def events_of(market: GeneratedMarket, *, seconds: float, seed: int = 1) -> Iterator[MarketEvent]:
    end_ns = START_NS + int(seconds * NS_PER_S)
    return takewhile(lambda event: event.exchange_ns < end_ns, flow(market, seed=seed))


def apply(update: BookUpdate, bids: Side, asks: Side) -> None:
    for side, levels in ((bids, update.bids), (asks, update.asks)):
        side.update(levels)
        for price_ticks in [price for price, lots in levels if lots == 0]:
            del side[price_ticks]


class Measured(NamedTuple):
    """A market over time: seconds, OBI over 20 levels and mid after every update, and events per second."""

    seconds: Floats
    obi: Floats
    mid: Floats
    events_per_s: float

    def moves_bps(self, horizon_s: float) -> tuple[Floats, Floats]:
        """Return OBI and the mid's move that followed it."""
        later = np.searchsorted(self.seconds, self.seconds + horizon_s, side="right") - 1
        known = self.seconds + horizon_s < self.seconds[-1]
        return self.obi[known], ((self.mid[later] / self.mid - 1) * 10_000)[known]


def measure(market: GeneratedMarket, *, seconds: float) -> Measured:
    bids: Side = {}
    asks: Side = {}
    rows: list[tuple[float, float, float]] = []
    count = 0
    for event in events_of(market, seconds=seconds):
        count += 1
        if isinstance(event, BookUpdate):
            apply(event, bids, asks)
            best_bids, best_asks = sorted(bids, reverse=True)[:20], sorted(asks)[:20]
            bid_lots, ask_lots = sum(map(bids.__getitem__, best_bids)), sum(map(asks.__getitem__, best_asks))
            obi = (bid_lots - ask_lots) / (bid_lots + ask_lots)
            rows.append(((event.exchange_ns - START_NS) / NS_PER_S, obi, (best_bids[0] + best_asks[0]) / 2))
    times, obis, mids = np.array(rows).T
    return Measured(times, obis, mids, count / seconds)


@pytest.fixture(scope="module", params=DEFAULT_MARKETS[:3], ids=lambda market: market.symbol)
def measured(request: pytest.FixtureRequest) -> Measured:
    return measure(request.param, seconds=4_000)


def test_the_same_seed_gives_the_same_events() -> None:
    first, second = (list(islice(generate(DEFAULT_MARKETS, seed=7, start_ns=START_NS), 5_000)) for _ in range(2))

    assert first == second


def test_another_seed_gives_other_events() -> None:
    first, second = (list(islice(generate(DEFAULT_MARKETS, seed=seed, start_ns=START_NS), 50)) for seed in (7, 8))

    assert first != second


def test_a_market_is_the_same_with_and_without_the_others() -> None:
    alone = list(islice(flow(DEFAULT_MARKETS[1]), 500))

    together = (
        event for symbol, event in generate(DEFAULT_MARKETS, seed=1, start_ns=START_NS) if symbol == "ETH_USDC_PERP"
    )

    assert list(islice(together, 500)) == alone


def test_the_default_markets_come_in_order_of_time_and_begin_with_snapshots() -> None:
    events = list(islice(generate(DEFAULT_MARKETS, seed=1, start_ns=START_NS), 20_000))

    assert {symbol for symbol, _ in events} == {"BTC_USDC_PERP", "ETH_USDC_PERP", "SOL_USDC_PERP", "SOL_USDC"}
    assert all(earlier.exchange_ns <= later.exchange_ns for (_, earlier), (_, later) in pairwise(events))
    for market in DEFAULT_MARKETS:
        first = next(event for symbol, event in events if symbol == market.symbol)
        assert isinstance(first, BookUpdate)
        assert (first.exchange_ns, first.is_snapshot) == (START_NS, True)
        assert min(len(first.bids), len(first.asks)) >= 25
        assert abs(first.bids[0][0] * market.tick_size / market.price - 1) < Decimal("0.001")


class Witness:
    """Follow a market and check that every event is possible after those before it."""

    def __init__(self) -> None:
        self.bids: Side = {}
        self.asks: Side = {}
        self.left: dict[tuple[bool, int], int] = {}  # what trades left of levels, until the update says so

    def see(self, event: MarketEvent) -> None:
        if isinstance(event, Trade):
            self._see_trade(event)
        else:
            self._see_update(event)

    def _see_trade(self, trade: Trade) -> None:
        side, best = (self.bids, max) if trade.buyer_is_maker else (self.asks, min)
        swept = {price for is_bid, price in self.left if is_bid == trade.buyer_is_maker}
        assert trade.price_ticks == best(side.keys() - swept)
        assert 0 < trade.quantity_lots <= side[trade.price_ticks]
        self.left[trade.buyer_is_maker, trade.price_ticks] = side[trade.price_ticks] - trade.quantity_lots

    def _see_update(self, update: BookUpdate) -> None:
        sides = ((True, update.bids), (False, update.asks))
        changed = {(is_bid, price): lots for is_bid, levels in sides for price, lots in levels}
        assert all(changed[place] == lots for place, lots in self.left.items())
        assert all(price > 0 and lots >= 0 for (_, price), lots in changed.items())
        self.left.clear()
        apply(update, self.bids, self.asks)
        assert min(len(self.bids), len(self.asks)) >= 25
        assert max(self.bids) < min(self.asks)


@given(
    seed=st.integers(),
    spread_ticks=st.integers(1, 30),
    gap_ticks=st.integers(1, 20),
    level_quantity=st.decimals("0.00001", "1000", places=5),
)
@settings(max_examples=25, deadline=None)
def test_books_are_never_crossed_or_empty_and_trades_take_the_best_level(
    seed: int, spread_ticks: int, gap_ticks: int, level_quantity: Decimal
) -> None:
    market = DEFAULT_MARKETS[0]._replace(spread_ticks=spread_ticks, gap_ticks=gap_ticks, level_quantity=level_quantity)
    witness = Witness()

    for event in islice(flow(market, seed=seed), 1_000):
        witness.see(event)


def test_a_price_of_too_few_ticks_is_refused() -> None:
    with pytest.raises(ValueError, match="BTC_USDC_PERP: a price of 50 ticks is too low for its gaps"):
        generate([DEFAULT_MARKETS[0]._replace(price=Decimal(5))], seed=1, start_ns=START_NS)


def test_trades_happen_at_the_time_of_the_update_that_follows_them() -> None:
    events = list(islice(flow(DEFAULT_MARKETS[0]), 5_000))

    followers = [later for earlier, later in pairwise(events) if isinstance(earlier, Trade)]
    traders = [earlier for earlier in events[:-1] if isinstance(earlier, Trade)]

    assert [event.exchange_ns for event in followers] == [event.exchange_ns for event in traders]


def test_a_market_has_the_events_and_volatility_of_a_quiet_hour(measured: Measured) -> None:
    _, moves = measured.moves_bps(5.0)

    assert 5 < measured.events_per_s < 15
    assert 1.0 < moves.std() < 2.0


def test_imbalance_leans_to_a_side_for_a_third_to_a_half_of_the_time_and_to_both(measured: Measured) -> None:
    assert 0.30 < np.mean(np.abs(measured.obi) > 0.4) < 0.50
    assert np.mean(measured.obi > 0.4) > 0.10
    assert np.mean(measured.obi < -0.4) > 0.10


def test_imbalance_persists_for_seconds_and_is_forgotten_after_minutes(measured: Measured) -> None:
    steps = np.arange(0.0, measured.seconds[-1], 1.0)
    obi = measured.obi[np.searchsorted(measured.seconds, steps, side="right") - 1]

    after = {lag_s: np.corrcoef(obi[:-lag_s], obi[lag_s:])[0, 1] for lag_s in (5, 120)}

    assert after[5] > 0.6
    assert abs(after[120]) < 0.3


def test_imbalance_predicts_no_more_than_was_measured_on_real_markets(measured: Measured) -> None:
    obi, moves = measured.moves_bps(5.0)
    strong = np.abs(obi) > 0.4

    with_the_lean = (np.sign(obi) * moves)[strong]

    assert 0.1 < with_the_lean.mean() < 0.6
    assert 0.52 < np.mean(with_the_lean[with_the_lean != 0] > 0) < 0.75
