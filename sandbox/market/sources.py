"""Choosing where market data comes from: a recording, or the generator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from recordings.events import MarketEvent
from recordings.recording import Recording
from sandbox.engine.market import MarketSpec, market_spec
from sandbox.errors import CannotStart
from sandbox.market.generator import DEFAULT_MARKETS, generate
from sandbox.market.replay import OpenSource

_DEFAULT_SEED = 1


@dataclass(frozen=True, slots=True)
class MarketData:
    """Markets with the grid that their data has, and a way to start the data from its beginning."""

    specs: tuple[MarketSpec, ...]
    open_source: OpenSource


def choose_market_data(
    *,
    recording: Path | None,
    generator_seed: int | None,
    seed: int | None,
    symbols: Sequence[str],
    start_ns: int,
) -> MarketData:
    """Return the market data that was asked for; without a recording it is generated.

    Raises: CannotStart, RecordingError.
    """
    if recording is not None:
        return _recorded(recording, symbols)
    chosen_seed = generator_seed if generator_seed is not None else seed
    return _generated(symbols, _DEFAULT_SEED if chosen_seed is None else chosen_seed, start_ns)


def _recorded(path: Path, symbols: Sequence[str]) -> MarketData:
    recording = Recording.open(path)
    chosen = list(dict.fromkeys(symbols)) or list(recording.markets)
    specs = tuple(
        _spec(market.symbol, market.tick_size, market.step_size, market.depth)
        for market in map(recording.market, chosen)
    )

    def open_source() -> Iterator[tuple[str, MarketEvent]]:
        return recording.merged(chosen)

    return MarketData(specs, open_source)


def _generated(symbols: Sequence[str], seed: int, start_ns: int) -> MarketData:
    by_symbol = {market.symbol: market for market in DEFAULT_MARKETS}
    chosen = list(dict.fromkeys(symbols)) or list(by_symbol)
    for symbol in chosen:
        if symbol not in by_symbol:
            raise CannotStart(f"the generator has no {symbol}, it has {', '.join(by_symbol)}")
    markets = [by_symbol[symbol] for symbol in chosen]
    specs = tuple(_spec(market.symbol, market.tick_size, market.step_size, 0) for market in markets)

    def open_source() -> Iterator[tuple[str, MarketEvent]]:
        return generate(markets, seed=seed, start_ns=start_ns)

    return MarketData(specs, open_source)


def _spec(symbol: str, tick_size: Decimal, step_size: Decimal, depth: int) -> MarketSpec:
    try:
        return market_spec(symbol, tick_size=tick_size, step_size=step_size, depth=depth)
    except ValueError as error:
        raise CannotStart(str(error)) from error
