"""Book images become a snapshot and differences, and every defect is met, counted and named."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from recordings.errors import MalformedInput, RecordingMissing, RecordingRefused, UnknownKind, UnknownSymbol
from recordings.events import BookUpdate, MarketEvent, Trade
from recordings.importers import ImportReport, MarketReport, import_recording
from recordings.recording import Recording

BTC = "BTC_USDC_PERP"
T0 = 1_757_000_000_000
MS = 1_000_000

Row = Callable[..., str]
Folder = Callable[..., Path]


def imported(path: Path, *symbols: str) -> tuple[MarketReport, list[MarketEvent]]:
    report = run(path, *symbols)
    return report.markets[0], list(Recording.open(Path(report.out)).events(BTC))


def run(path: Path, *symbols: str) -> ImportReport:
    return import_recording("hyperliquid-csv", path, out=path.parent / "out", symbols=symbols)


def test_the_first_image_is_a_snapshot_and_later_ones_are_differences(
    hyperliquid_folder: Folder, book_row: Row
) -> None:
    later = book_row(T0 + 500, bids=(("99.5", "1.5"), ("98.5", "2")), asks=(("100.5", "3"), ("101.0", "4")))
    path = hyperliquid_folder(book=[book_row(T0), later])

    _, events = imported(path)

    assert events == [
        BookUpdate(T0 * MS, True, ((199, 2), (198, 4)), ((201, 6), (202, 8))),
        BookUpdate((T0 + 500) * MS, False, ((198, 0), (199, 3), (197, 4)), ()),
    ]


def test_tick_and_step_are_the_greatest_common_divisors_of_what_was_seen(
    hyperliquid_folder: Folder, book_row: Row, trade_row: Row
) -> None:
    path = hyperliquid_folder(book=[book_row(T0)], trades=[trade_row(T0, trade_id="1", price="100.25", size="1e-05")])

    market, _ = imported(path)

    assert (market.tick_size, market.step_size) == (Decimal("0.25"), Decimal("0.00001"))


def test_a_trade_carries_the_side_of_its_aggressor(hyperliquid_folder: Folder, book_row: Row, trade_row: Row) -> None:
    trades = [trade_row(T0 + 1, trade_id="1", side="buy"), trade_row(T0 + 2, trade_id="2", side="sell")]

    _, events = imported(hyperliquid_folder(book=[book_row(T0)], trades=trades))

    assert events[1:] == [Trade((T0 + 1) * MS, 201, 1, False), Trade((T0 + 2) * MS, 201, 1, True)]


def test_a_trade_goes_before_the_update_of_the_same_time(
    hyperliquid_folder: Folder, book_row: Row, trade_row: Row
) -> None:
    later = book_row(T0 + 500, bids=(("99.5", "1"), ("99.0", "9")))
    path = hyperliquid_folder(book=[book_row(T0), later], trades=[trade_row(T0 + 500, trade_id="1")])

    _, events = imported(path)

    assert [type(event) for event in events] == [BookUpdate, Trade, BookUpdate]


def test_trades_that_precede_the_book_are_dropped(hyperliquid_folder: Folder, book_row: Row, trade_row: Row) -> None:
    trades = [trade_row(T0 - 1, trade_id="1"), trade_row(T0, trade_id="2"), trade_row(T0 + 1, trade_id="3")]

    market, events = imported(hyperliquid_folder(book=[book_row(T0)], trades=trades))

    assert market.trades.to_json() == {"seen": 3, "kept": 1, "dropped": {"before_the_book": 2}}
    assert len(events) == 2


def test_a_trade_that_comes_twice_is_kept_once(hyperliquid_folder: Folder, book_row: Row, trade_row: Row) -> None:
    trades = [trade_row(T0 + 1, trade_id="7"), trade_row(T0 + 1, trade_id="7")]

    market, _ = imported(hyperliquid_folder(book=[book_row(T0)], trades=trades))

    assert market.trades.to_json() == {"seen": 2, "kept": 1, "dropped": {"duplicate_id": 1}}


def test_trades_are_put_in_order_of_time(hyperliquid_folder: Folder, book_row: Row, trade_row: Row) -> None:
    trades = [trade_row(T0 + 9, trade_id="1"), trade_row(T0 + 3, trade_id="2")]

    market, events = imported(hyperliquid_folder(book=[book_row(T0)], trades=trades))

    assert [event.exchange_ns for event in events[1:]] == [(T0 + 3) * MS, (T0 + 9) * MS]
    assert market.noticed == {"trades_put_in_order": 1}


BAD_BIDS, EMPTY_BIDS = (("101.0", "1"), ("99.0", "1")), (("nan", "nan"), ("", ""))


@pytest.mark.parametrize(
    ("time_ms", "bids", "reason"),
    [
        (T0, (("99.5", "8"), ("99.0", "2")), "duplicate_timestamp"),
        (T0 - 1, (("99.5", "8"), ("99.0", "2")), "out_of_order"),
        (T0 + 1, BAD_BIDS, "crossed"),
        (T0 + 1, EMPTY_BIDS, "empty_side"),
        (T0 + 1, (("99.5", "8"), ("99.5", "2")), "repeated_price"),
    ],
)
def test_rows_that_say_nothing_reliable_are_dropped(
    hyperliquid_folder: Folder, book_row: Row, time_ms: int, bids: tuple[tuple[str, str], ...], reason: str
) -> None:
    rows = [book_row(T0), book_row(time_ms, bids=bids), book_row(T0 + 500)]

    market, events = imported(hyperliquid_folder(book=rows))

    assert market.book.to_json() == {"seen": 3, "kept": 2, "dropped": {reason: 1}}
    assert len(events) == 2


def test_a_locked_row_is_kept_and_counted(hyperliquid_folder: Folder, book_row: Row) -> None:
    rows = [book_row(T0), book_row(T0 + 500, bids=(("100.5", "1"), ("99.0", "2")))]

    market, _ = imported(hyperliquid_folder(book=rows))

    assert (market.book.kept, market.noticed) == (2, {"locked_rows": 1})


def test_an_empty_level_is_left_out_of_its_row(hyperliquid_folder: Folder, book_row: Row) -> None:
    rows = [book_row(T0, bids=(("99.5", "1"), ("nan", "nan")), asks=(("100.5", "3"), ("", "")))]

    market, events = imported(hyperliquid_folder(book=rows))

    assert [(len(event.bids), len(event.asks)) for event in events if isinstance(event, BookUpdate)] == [(1, 1)]
    assert market.noticed == {"rows_with_empty_levels": 1}


def test_a_row_without_a_change_restates_the_best_bid(hyperliquid_folder: Folder, book_row: Row) -> None:
    market, events = imported(hyperliquid_folder(book=[book_row(T0), book_row(T0 + 500)]))

    assert events[1] == BookUpdate((T0 + 500) * MS, False, ((199, 1),), ())
    assert market.noticed == {"unchanged_rows": 1}


def test_a_last_row_that_was_cut_off_is_dropped(hyperliquid_folder: Folder, book_row: Row) -> None:
    market, events = imported(hyperliquid_folder(book=[book_row(T0), book_row(T0 + 500)[:-12]]))

    assert market.book.to_json() == {"seen": 2, "kept": 1, "dropped": {"broken_last_line": 1}}
    assert len(events) == 1


def test_a_compressed_file_that_was_cut_off_gives_what_is_whole(hyperliquid_folder: Folder, book_row: Row) -> None:
    path = hyperliquid_folder(book=[book_row(T0 + i, bids=(("99.5", str(i + 1)), ("99.0", "2"))) for i in range(2_000)])
    plain = path / "orderbooks_BTC.csv"
    (path / "orderbooks_BTC.csv.gz").write_bytes(gzip.compress(plain.read_bytes())[:-500])
    plain.unlink()

    market, events = imported(path)

    assert market.book.dropped == {"broken_last_line": 1}
    assert 100 < market.book.kept == len(events) < 2_000


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,2,3", "orderbooks_BTC.csv line 2: 3 cells instead of 11"),
        ("1,2,175700000000x,99,1,100,1,98,1,101,1", "line 2: .* is not a time in milliseconds"),
        (f"now,{T0},{T0},99,1,100,1,98,1,101,1", "line 2: 'now' is not a time"),
        (f"0,{T0},{T0},99,1,100,1,98,1,101,1", "line 2: '0' is not a time"),
        (f"1,{T0},{T0},99,one,100,1,98,1,101,1", "line 2: 'one' is not a number"),
        (f"1,{T0},{T0},99,-1,100,1,98,1,101,1", "line 2: '-1' is negative"),
        (f"1,{T0},{T0},99,1e-30,100,1,98,1,101,1", "line 2: .* more than 18 decimal places"),
    ],
)
def test_a_row_that_does_not_parse_is_refused_with_its_line(
    hyperliquid_folder: Folder, book_row: Row, row: str, message: str
) -> None:
    path = hyperliquid_folder(book=[row, book_row(T0)])

    with pytest.raises(MalformedInput, match=message):
        run(path)

    assert not (path.parent / "out").exists()


@pytest.mark.parametrize(
    ("trade", "message"),
    [
        (f"1,100,1,long,1,{T0}", "trades_BTC.csv line 2: side 'long' is neither buy nor sell"),
        (f"1,100,0,buy,1,{T0}", "trades_BTC.csv line 2: a trade needs a price and a size"),
        ("1,100,1,buy,1,17570", "trades_BTC.csv line 2: '17570' is not a time in milliseconds"),
    ],
)
def test_a_trade_that_does_not_parse_is_refused_with_its_line(
    hyperliquid_folder: Folder, book_row: Row, trade_row: Row, trade: str, message: str
) -> None:
    path = hyperliquid_folder(book=[book_row(T0)], trades=[trade, trade_row(T0, trade_id="2")])

    with pytest.raises(MalformedInput, match=message):
        run(path)


def test_a_missing_column_is_named(hyperliquid_folder: Folder, book_row: Row) -> None:
    path = hyperliquid_folder(book=[book_row(T0)])
    book = path / "orderbooks_BTC.csv"
    book.write_text(book.read_text().replace("ask_size_1", "ask_weight_1"))

    with pytest.raises(MalformedInput, match="has no column ask_size_1"):
        run(path)


def test_an_empty_file_is_refused(hyperliquid_folder: Folder) -> None:
    path = hyperliquid_folder(book=[])
    (path / "orderbooks_BTC.csv").write_text("")

    with pytest.raises(MalformedInput, match=r"orderbooks_BTC.csv is empty"):
        run(path)


def test_a_book_without_a_usable_row_is_refused(hyperliquid_folder: Folder, book_row: Row) -> None:
    path = hyperliquid_folder(book=[book_row(T0, bids=BAD_BIDS)])

    with pytest.raises(MalformedInput, match="has no usable row"):
        run(path)


def test_a_folder_without_books_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(MalformedInput, match=r"has no book to import; expected a folder with orderbooks_X\.csv"):
        run(tmp_path / "empty")


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "book.csv").write_text("")

    with pytest.raises(MalformedInput, match="is a file; hyperliquid-csv reads a folder"):
        run(tmp_path / "book.csv")


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingMissing, match=r"there is nothing at .*; hyperliquid-csv reads a folder"):
        run(tmp_path / "nowhere")


def test_an_unknown_kind_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownKind, match="there are binance-raw, hyperliquid-csv"):
        import_recording("kraken", tmp_path, out=tmp_path / "out")


def test_only_the_wanted_markets_are_imported(hyperliquid_folder: Folder, book_row: Row) -> None:
    hyperliquid_folder(book=[book_row(T0)], coin="ETH")

    report = run(hyperliquid_folder(book=[book_row(T0)]), BTC)

    assert [market.symbol for market in report.markets] == [BTC]
    assert list(Recording.open(Path(report.out)).markets) == [BTC]


def test_a_wanted_market_that_is_not_there_is_answered_with_those_that_are(
    hyperliquid_folder: Folder, book_row: Row
) -> None:
    with pytest.raises(UnknownSymbol, match="has no DOGE_USDC_PERP, it has BTC_USDC_PERP"):
        run(hyperliquid_folder(book=[book_row(T0)]), "DOGE_USDC_PERP")


def test_a_coin_with_a_plain_and_a_compressed_book_is_refused(hyperliquid_folder: Folder, book_row: Row) -> None:
    path = hyperliquid_folder(book=[book_row(T0)])
    (path / "orderbooks_BTC.csv.gz").write_bytes(b"")

    with pytest.raises(MalformedInput, match=r"has both orderbooks_BTC\.csv and orderbooks_BTC\.csv\.gz"):
        run(path)


def test_a_book_without_trades_is_imported_and_says_so(hyperliquid_folder: Folder, book_row: Row) -> None:
    path = hyperliquid_folder(book=[book_row(T0)])
    (path / "trades_BTC.csv").unlink()

    report = run(path)

    assert Recording.open(Path(report.out)).market(BTC).notes == ("the source has no trades",)


def test_progress_ends_with_every_byte_read_twice(hyperliquid_folder: Folder, book_row: Row) -> None:
    path = hyperliquid_folder(book=[book_row(T0)])
    steps: list[tuple[int, int]] = []

    import_recording(
        "hyperliquid-csv", path, out=path.parent / "out", progress=lambda done, total: steps.append((done, total))
    )

    size = sum(file.stat().st_size for file in path.iterdir())
    assert steps[-1] == (2 * size, 2 * size)
    assert steps == sorted(steps)


def test_an_existing_recording_is_not_overwritten(hyperliquid_folder: Folder, book_row: Row) -> None:
    path = hyperliquid_folder(book=[book_row(T0)])
    run(path)

    with pytest.raises(RecordingRefused, match="is not empty"):
        run(path)

    assert len(list(Recording.open(path.parent / "out").events(BTC))) == 1
