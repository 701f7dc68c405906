"""The shapes of markets, books, trades, tickers and candles in REST answers."""

from __future__ import annotations

from sandbox.engine.candles import Candle
from sandbox.engine.events import PublicTrade
from sandbox.engine.market import MarketSpec
from sandbox.engine.money import MONEY_DECIMALS, trimmed_text
from sandbox.engine.venue import Market
from sandbox.web.account_shapes import function_shape, plain
from sandbox.web.order_shapes import Shape
from sandbox.web.times import spaced_seconds

HOUR_MS = 3_600_000
BASE_FUNDING_RATE = "0.0000125"
_CREATED_AT = "2025-01-21T06:34:54.691858"


def market_shape(spec: MarketSpec) -> Shape:
    """Return a market's row."""
    rules = spec.rules
    tick, step = plain(spec.tick_size), plain(spec.step_size)
    entry_fee = rules.borrow_entry_fee
    return {
        "baseSymbol": spec.base,
        "createdAt": _CREATED_AT,
        "filters": {
            "price": {
                "borrowEntryFeeMaxMultiplier": entry_fee[0] if entry_fee else None,
                "borrowEntryFeeMinMultiplier": entry_fee[1] if entry_fee else None,
                "discoveryBoundBand": None,
                "maxImpactMultiplier": rules.impact[0],
                "maxMultiplier": rules.reach[0],
                "maxPrice": rules.max_price,
                "maxPriceUpdateMultiplier": rules.update[0],
                "meanMarkPriceBand": {"maxMultiplier": rules.band[0], "minMultiplier": rules.band[1]},
                "meanPremiumBand": {"tolerancePct": rules.premium_tolerance} if rules.premium_tolerance else None,
                "minImpactMultiplier": rules.impact[1],
                "minMultiplier": rules.reach[1],
                "minPrice": tick,
                "minPriceUpdateMultiplier": rules.update[1],
                "tickSize": tick,
            },
            "quantity": {"maxQuantity": None, "minQuantity": step, "stepSize": step},
        },
        "fundingInterval": HOUR_MS if spec.is_perp else None,
        "fundingRateLowerBound": "-100" if spec.is_perp else None,
        "fundingRateUpperBound": "100" if spec.is_perp else None,
        "imfFunction": function_shape(rules.imf),
        "marketType": market_type(spec),
        "mmfFunction": function_shape(rules.mmf),
        "openInterestLimit": rules.open_interest_limit,
        "orderBookState": "Open",
        "positionLimitWeight": "1" if spec.is_perp else None,
        "quoteSymbol": spec.quote,
        "rwaMarketType": None,
        "symbol": spec.symbol,
        "visible": True,
    }


def market_type(spec: MarketSpec) -> str:
    """Return the exchange's word for the kind of market."""
    return "PERP" if spec.is_perp else "SPOT"


def depth_shape(market: Market, *, limit: int) -> Shape:
    """Return the best levels of a book. Both sides ascend by price: the best bid stands last."""
    spec = market.spec

    def rows(levels: list[tuple[int, int]]) -> list[list[str]]:
        return [[spec.price_trimmed(price), spec.quantity_trimmed(lots)] for price, lots in levels]

    return {
        "asks": rows(market.book.asks.levels(limit)),
        "bids": rows(market.book.bids.levels(limit)[::-1]),
        "lastUpdateId": str(market.update_id),
        "timestamp": market.updated_us,
    }


def trade_shape(spec: MarketSpec, trade: PublicTrade) -> Shape:
    """Return a public trade; its id and its timestamp (ms) are numbers."""
    return {
        "id": trade.id,
        "isBuyerMaker": trade.buyer_is_maker,
        "price": spec.price_trimmed(trade.price_ticks),
        "quantity": spec.quantity_trimmed(trade.lots),
        "quoteQuantity": value_text(spec, trade.price_ticks * trade.lots),
        "timestamp": trade.at_us // 1_000,
    }


def value_text(spec: MarketSpec, ticks_times_lots: int) -> str:
    """Return a value in quote currency without trailing zeros."""
    return trimmed_text(ticks_times_lots * spec.value_unit, MONEY_DECIMALS)


def mark_price_shape(market: Market, *, now_us: int) -> Shape:
    """Return mark and index price; only perpetuals have the funding fields."""
    spec = market.spec
    mark, index = market.mark_ticks, market.index_half_ticks
    shape: Shape = {
        "indexPrice": None if index is None else spec.half_ticks_text(index),
        "markPrice": None if mark is None else spec.price_trimmed(mark),
        "symbol": spec.symbol,
    }
    if spec.is_perp:
        shape.update(fundingRate=BASE_FUNDING_RATE, nextFundingTimestamp=next_funding_ms(now_us))
    return shape


def next_funding_ms(now_us: int) -> int:
    """Return the next whole hour in ms."""
    now_ms = now_us // 1_000
    return now_ms - now_ms % HOUR_MS + HOUR_MS


def ticker_shape(spec: MarketSpec, candle: Candle) -> Shape:
    """Return the ticker over a window; the change is a fraction, the number of trades is text."""
    change = candle.close - candle.open
    return {
        "firstPrice": spec.price_trimmed(candle.open),
        "high": spec.price_trimmed(candle.high),
        "lastPrice": spec.price_trimmed(candle.close),
        "low": spec.price_trimmed(candle.low),
        "priceChange": spec.price_trimmed(change),
        "priceChangePercent": trimmed_text(round(change * 1_000_000 / candle.open), 6),
        "quoteVolume": value_text(spec, candle.value),
        "symbol": spec.symbol,
        "trades": str(candle.trades),
        "volume": spec.quantity_trimmed(candle.lots),
    }


def candle_shape(spec: MarketSpec, candle: Candle | None, *, start_us: int, end_us: int) -> Shape:
    """Return a candle's row; one without trades has no prices."""
    prices = (None,) * 4 if candle is None else (candle.close, candle.high, candle.low, candle.open)
    close, high, low, first = (None if price is None else spec.price_trimmed(price) for price in prices)
    return {
        "close": close,
        "end": spaced_seconds(end_us),
        "high": high,
        "low": low,
        "open": first,
        "quoteVolume": value_text(spec, candle.value) if candle else "0",
        "start": spaced_seconds(start_us),
        "trades": str(candle.trades) if candle else "0",
        "volume": spec.quantity_trimmed(candle.lots) if candle else "0",
    }
