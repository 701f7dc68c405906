"""Foreign symbols in our words: every dollar is USDC, and a perpetual says so."""

from __future__ import annotations

_DOLLARS = ("FDUSD", "BUSD", "TUSD", "USDT", "USDC", "USD")
_COINS = ("BTC", "ETH", "BNB")
_COIN_MARGINED_PERP = "_PERP"


def spot_symbol(pair: str) -> str | None:
    """Return our symbol for a spot pair, BTC_USDC for BTCUSDT; None where we know no such quote."""
    for quote in (*_DOLLARS, *_COINS):
        base = pair.upper().removesuffix(quote)
        if base and base.isalnum() and base != pair.upper():
            return f"{base}_USDC" if quote in _DOLLARS else f"{base}_{quote}"
    return None


def perp_symbol(pair: str) -> str | None:
    """Return our symbol for a perpetual, BTC_USDC_PERP for BTCUSDT and for BTCUSD_PERP; None as for spot."""
    symbol = spot_symbol(pair.upper().removesuffix(_COIN_MARGINED_PERP))
    return f"{symbol}_PERP" if symbol else None
