"""Import: a market may be asked for by our symbol or by its base."""

from __future__ import annotations

from pathlib import Path

import pytest

from recordings.errors import UnknownSymbol
from recordings.importers import import_recording

HEADER = "timestamp,sequence,exchange_timestamp,bid_price_0,bid_size_0,ask_price_0,ask_size_0"
ROWS = (
    "1757015216.1,1,1757015216100,100.0,1.0,101.0,2.0",
    "1757015216.2,2,1757015216200,100.0,3.0,101.0,2.0",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recording of two coins with one level a side."""
    for coin in ("BTC", "ETH"):
        (tmp_path / f"orderbooks_{coin}.csv").write_text("\n".join((HEADER, *ROWS)) + "\n")
        (tmp_path / f"trades_{coin}.csv").write_text("timestamp,price,size,side,trade_id,exchange_timestamp\n")
    return tmp_path


@pytest.mark.parametrize("name", ["BTC", "BTC_USDC_PERP"])
def test_one_market_is_imported_by_either_name(folder: Path, tmp_path: Path, name: str) -> None:
    report = import_recording("hyperliquid-csv", folder, out=tmp_path / "out", symbols=[name])

    assert [market.symbol for market in report.markets] == ["BTC_USDC_PERP"]


def test_a_market_that_the_source_lacks_is_named_with_those_it_has(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownSymbol, match="no SOL, it has BTC_USDC_PERP, ETH_USDC_PERP"):
        import_recording("hyperliquid-csv", folder, out=tmp_path / "out", symbols=["SOL"])
