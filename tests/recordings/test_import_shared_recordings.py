"""Real recordings come through whole: counts add up, chains hold, and books are those of the source."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from recordings.events import BookUpdate
from recordings.importers import ImportReport, import_recording
from recordings.recording import Recording

Book = tuple[dict[int, int], dict[int, int]]


def books(recording: Recording, symbol: str) -> Iterator[tuple[int, Book]]:
    """Yield the book after every update."""
    book: Book = ({}, {})
    for event in recording.events(symbol):
        if isinstance(event, BookUpdate):
            book = ({}, {}) if event.is_snapshot else book
            for side, levels in zip(book, (event.bids, event.asks), strict=True):
                side.update(levels)
                for price_ticks in [price for price, lots in levels if lots == 0]:
                    del side[price_ticks]
            yield event.exchange_ns, book


def hyperliquid(shared_data: Path, out: Path, *symbols: str) -> ImportReport:
    return import_recording("hyperliquid-csv", shared_data / "hyperliquid-20250904", out=out, symbols=symbols)


def binance(shared_data: Path, out: Path, name: str) -> ImportReport:
    return import_recording("binance-raw", shared_data / "binance-hftbacktest-20240808" / name, out=out)


def test_every_row_of_hyperliquid_btc_is_kept_or_dropped_for_a_reason(shared_data: Path, tmp_path: Path) -> None:
    report = hyperliquid(shared_data, tmp_path / "out", "BTC_USDC_PERP")

    (market,) = report.markets
    recorded = Recording.open(tmp_path / "out").market("BTC_USDC_PERP")
    assert market.book.to_json() == {"seen": 3_785, "kept": 3_782, "dropped": {"duplicate_timestamp": 3}}
    assert market.trades.to_json() == {"seen": 6_675, "kept": 6_645, "dropped": {"before_the_book": 30}}
    assert (recorded.book_updates, recorded.trades) == (market.book.kept, market.trades.kept)
    assert (recorded.tick_size, recorded.step_size, recorded.depth) == (Decimal(1), Decimal("0.00001"), 20)


@pytest.mark.parametrize(
    ("coin", "tick_size", "step_size"), [("BTC", "1", "0.00001"), ("ETH", "0.1", "0.0001"), ("WLFI", "0.00001", "1")]
)
def test_the_book_rebuilt_from_our_file_is_the_row_of_the_source(
    shared_data: Path, tmp_path: Path, coin: str, tick_size: str, step_size: str
) -> None:
    hyperliquid(shared_data, tmp_path / "out", f"{coin}_USDC_PERP")
    tick, step = Decimal(tick_size), Decimal(step_size)
    with gzip.open(shared_data / "hyperliquid-20250904" / f"orderbooks_{coin}.csv.gz", "rt") as file:
        rows = {int(row["exchange_timestamp"]) * 1_000_000: row for row in reversed(list(csv.DictReader(file)))}

    rebuilt = {
        exchange_ns: [{price * tick: lots * step for price, lots in side.items()} for side in book]
        for number, (exchange_ns, book) in enumerate(books(Recording.open(tmp_path / "out"), f"{coin}_USDC_PERP"))
        if number % 97 == 0
    }

    assert len(rebuilt) == 39
    assert rebuilt == {
        exchange_ns: [
            {
                Decimal(rows[exchange_ns][f"{side}_price_{i}"]): Decimal(rows[exchange_ns][f"{side}_size_{i}"])
                for i in range(20)
            }
            for side in ("bid", "ask")
        ]
        for exchange_ns in rebuilt
    }


@pytest.mark.parametrize(
    ("name", "symbol", "starts", "dropped"),
    [
        ("usdm_ethusdt_20240808.gz", "ETH_USDC_PERP", "snapshot", "before_snapshot"),
        ("spot_btcusdt_20240808.gz", "BTC_USDC", "snapshot", "before_snapshot"),
        ("cm_btcusd_perp_20240808.gz", "BTC_USDC_PERP", "snapshot", "before_snapshot"),
        ("cm_ethusd_perp_20240809.gz", "ETH_USDC_PERP", "partial", "warm_up"),
    ],
)
def test_the_chain_of_a_binance_file_is_whole_and_its_book_never_crosses(
    shared_data: Path, tmp_path: Path, name: str, symbol: str, starts: str, dropped: str
) -> None:
    report = binance(shared_data, tmp_path / "out", name)

    (market,) = report.markets
    recording = Recording.open(tmp_path / "out")
    touches = [
        (max(book[0]), min(book[1])) for number, (_, book) in enumerate(books(recording, symbol)) if number % 50 == 0
    ]
    assert (market.symbol, market.noticed["gaps"], recording.market(symbol).starts) == (symbol, 0, starts)
    assert set(market.book.dropped) == {dropped}
    assert [touch for touch in touches if touch[0] >= touch[1]] == []


def test_every_depth_update_and_trade_of_a_binance_file_is_counted(shared_data: Path, tmp_path: Path) -> None:
    name = "spot_ethusdt_20240808.gz"
    report = binance(shared_data, tmp_path / "out", name)
    with gzip.open(shared_data / "binance-hftbacktest-20240808" / name, "rb") as file:
        messages = [json.loads(line.split(b" ", 1)[1]).get("data", {}).get("e") for line in file]

    (market,) = report.markets
    assert market.book.seen == messages.count("depthUpdate")
    assert market.trades.seen == messages.count("trade")


def test_a_market_cut_into_two_files_is_one_chain(shared_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "two"
    folder.mkdir()
    for name in ("spot_btcusdt_20240808.gz", "spot_btcusdt_20240809.gz"):
        (folder / name).symlink_to(shared_data / "binance-hftbacktest-20240808" / name)

    report = import_recording("binance-raw", folder, out=tmp_path / "out")

    (market,) = report.markets
    assert (market.noticed["gaps"], market.starts) == (0, "snapshot")
    assert market.book.seen == 6_495


def test_a_recording_in_another_exchange_s_words_is_refused(shared_data: Path, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="has no book to import"):
        binance(shared_data, tmp_path / "out", "hyperliquid_btcusd_20250126.gz")
