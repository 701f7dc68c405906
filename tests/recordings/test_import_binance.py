"""A chain of numbered updates becomes a book that starts where it may and stops where it is lost."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from recordings.errors import MalformedInput
from recordings.events import BookUpdate, MarketEvent, Trade
from recordings.importers import ImportReport, MarketReport, import_recording
from recordings.recording import Recording

BTC = "BTC_USDC_PERP"
T0 = 1_723_161_256_000
MS = 1_000_000

Message = Callable[..., dict[str, Any]]
File = Callable[..., Path]


def run(path: Path, *symbols: str) -> ImportReport:
    return import_recording("binance-raw", path, out=path.parent / "out", symbols=symbols)


def imported(path: Path) -> tuple[MarketReport, list[MarketEvent]]:
    report = run(path)
    market = report.markets[0]
    return market, list(Recording.open(Path(report.out)).events(market.symbol))


def ladder(side: int, count: int) -> list[tuple[str, str]]:
    return [(str(100 + side * step), "1") for step in range(1, count + 1)]


def test_the_book_starts_at_the_snapshot_and_earlier_updates_are_dropped(
    binance_file: File, depth: Message, snapshot: Message
) -> None:
    path = binance_file(
        depth(pu=100, u=110, ms=T0),
        depth(pu=110, u=120, ms=T0 + 10, bids=[("99.9", "7")]),
        snapshot(last_id=115, ms=T0 + 5),
        depth(pu=120, u=130, ms=T0 + 20, bids=[], asks=[("100.1", "0")]),
    )

    market, events = imported(path)

    assert events == [
        BookUpdate((T0 + 5) * MS, True, ((999, 2), (998, 4)), ((1001, 6), (1002, 8))),
        BookUpdate((T0 + 10) * MS, False, ((999, 14),), ()),
        BookUpdate((T0 + 20) * MS, False, (), ((1001, 0),)),
    ]
    assert market.book.to_json() == {"seen": 3, "kept": 2, "dropped": {"before_snapshot": 1}}
    assert market.noticed == {"snapshots": 1, "snapshots_used": 1}
    assert (market.tick_size, market.step_size) == (Decimal("0.1"), Decimal("0.5"))


def test_a_trade_goes_before_the_update_of_the_same_time_although_it_came_later(
    binance_file: File, depth: Message, snapshot: Message, trade: Message
) -> None:
    path = binance_file(
        snapshot(last_id=100, ms=T0),
        depth(pu=100, u=110, ms=T0 + 10),
        depth(pu=110, u=120, ms=T0 + 20),
        trade(trade_id=1, ms=T0 + 20),
        trade(trade_id=2, ms=T0 + 15),
    )

    _, events = imported(path)

    assert [(type(event), event.exchange_ns // MS - T0) for event in events] == [
        (BookUpdate, 0),
        (BookUpdate, 10),
        (Trade, 15),
        (Trade, 20),
        (BookUpdate, 20),
    ]


def test_trades_without_a_book_or_seen_before_or_empty_are_dropped(
    binance_file: File, depth: Message, snapshot: Message, trade: Message
) -> None:
    path = binance_file(
        trade(trade_id=1, ms=T0 + 30),
        snapshot(last_id=100, ms=T0),
        depth(pu=100, u=110, ms=T0 + 10),
        trade(trade_id=2, ms=T0 + 11),
        trade(trade_id=2, ms=T0 + 11),
        trade(trade_id=3, ms=T0 + 11, quantity="0"),
        trade(trade_id=4, ms=T0 - 1),
    )

    market, _ = imported(path)

    assert market.trades.to_json() == {
        "seen": 5,
        "kept": 1,
        "dropped": {"duplicate_id": 1, "without_book": 2, "without_quantity": 1},
    }


def test_the_snapshot_may_stand_in_the_stream_before_the_update_it_fits(
    binance_file: File, depth: Message, snapshot: Message
) -> None:
    path = binance_file(snapshot(last_id=115, ms=T0 + 5), depth(pu=100, u=110, ms=T0), depth(pu=110, u=120, ms=T0 + 10))

    market, events = imported(path)

    assert (len(events), market.book.dropped) == (2, {"before_snapshot": 1})


def test_after_a_gap_the_book_waits_for_the_next_snapshot(
    binance_file: File, depth: Message, snapshot: Message, trade: Message
) -> None:
    path = binance_file(
        snapshot(last_id=100, ms=T0),
        depth(pu=100, u=110, ms=T0 + 10),
        depth(pu=115, u=120, ms=T0 + 20),
        trade(trade_id=1, ms=T0 + 21),
        depth(pu=120, u=130, ms=T0 + 30),
        snapshot(last_id=130, ms=T0 + 30),
        depth(pu=130, u=140, ms=T0 + 40),
    )

    market, events = imported(path)

    assert [(event.exchange_ns // MS - T0, event.is_snapshot) for event in events if isinstance(event, BookUpdate)] == [
        (0, True),
        (10, False),
        (30, True),
        (40, False),
    ]
    assert market.noticed["gaps"] == 1
    assert market.book.dropped == {"before_snapshot": 2}
    assert market.trades.dropped == {"without_book": 1}


def test_without_a_snapshot_the_book_starts_partial_once_it_is_warm(
    binance_file: File, depth: Message, trade: Message
) -> None:
    path = binance_file(
        depth(pu=100, u=110, ms=T0, bids=ladder(-1, 25), asks=ladder(1, 10)),
        trade(trade_id=1, ms=T0 + 1),
        depth(pu=110, u=120, ms=T0 + 9_999, bids=[("99", "0")], asks=ladder(1, 25)),
        depth(pu=120, u=130, ms=T0 + 10_000, bids=[("98", "9")]),
        depth(pu=130, u=140, ms=T0 + 10_001, bids=[("99", "2")]),
    )

    report = run(path)

    market = report.markets[0]
    recording = Recording.open(Path(report.out))
    first, second = recording.events(BTC)
    assert isinstance(first, BookUpdate)
    assert first.is_snapshot
    assert first.bids[:2] == ((980, 18), (970, 2))
    assert (len(first.bids), len(first.asks)) == (24, 25)
    assert second == BookUpdate((T0 + 10_001) * MS, False, ((990, 4),), ())
    assert recording.market(BTC).starts == "partial"
    assert market.book.to_json() == {"seen": 4, "kept": 2, "dropped": {"warm_up": 2}}
    assert market.trades.dropped == {"without_book": 1}


def test_a_gap_during_the_warm_up_starts_it_again(binance_file: File, depth: Message) -> None:
    both = {"bids": ladder(-1, 25), "asks": ladder(1, 25)}
    path = binance_file(
        depth(pu=100, u=110, ms=T0, **both),
        depth(pu=115, u=120, ms=T0 + 10_000, **both),
        depth(pu=120, u=130, ms=T0 + 20_000, **both),
    )

    market, events = imported(path)

    assert (market.book.kept, [event.exchange_ns for event in events]) == (1, [(T0 + 20_000) * MS])


def test_a_recording_too_short_to_start_without_a_snapshot_is_refused(binance_file: File, depth: Message) -> None:
    path = binance_file(depth(pu=100, u=110, ms=T0))

    with pytest.raises(MalformedInput, match="no snapshot that fits, and too few updates to start without one"):
        run(path)

    assert not (path.parent / "out").exists()


def test_updates_that_repeat_or_change_nothing_are_dropped(
    binance_file: File, depth: Message, snapshot: Message
) -> None:
    path = binance_file(
        snapshot(last_id=100, ms=T0),
        depth(pu=100, u=110, ms=T0 + 10),
        depth(pu=100, u=110, ms=T0 + 10),
        depth(pu=110, u=120, ms=T0 + 20, bids=[]),
        depth(pu=120, u=130, ms=T0 + 30),
    )

    market, events = imported(path)

    assert market.book.to_json() == {"seen": 4, "kept": 2, "dropped": {"already_applied": 1, "without_levels": 1}}
    assert len(events) == 3


def test_spot_is_chained_by_consecutive_numbers_and_timed_by_the_stream(tmp_path: Path, binance_file: File) -> None:
    def spot(first_id: int, last_id: int, ms: int) -> dict[str, Any]:
        levels = {"b": [["99.90000000", "0.50000000"]], "a": [["100.10000000", "0.00000000"]]}
        return {"e": "depthUpdate", "E": ms, "s": "BTCUSDT", "U": first_id, "u": last_id, **levels}

    path = binance_file(
        {"lastUpdateId": 105, "bids": [["99.9", "1"]], "asks": [["100.1", "1"]]},
        {"stream": "btcusdt@depth@100ms", "data": spot(101, 110, T0)},
        {"stream": "btcusdt@bookTicker", "data": {"u": 111, "s": "BTCUSDT", "b": "1", "B": "1", "a": "2", "A": "1"}},
        spot(111, 120, T0 + 100),
    )

    report = run(path)

    events = list(Recording.open(Path(report.out)).events("BTC_USDC"))
    assert [event.exchange_ns // MS - T0 for event in events] == [0, 0, 100]
    assert (report.markets[0].tick_size, report.markets[0].step_size) == (Decimal("0.1"), Decimal("0.5"))
    assert report.ignored == {"bookTicker": 1}


def test_coin_margined_quantities_are_noted_as_contracts(binance_file: File) -> None:
    depth = {
        "e": "depthUpdate", "E": T0, "T": T0, "s": "BTCUSD_PERP", "ps": "BTCUSD",
        "U": 101, "u": 110, "pu": 100, "b": [["99.9", "5"]], "a": [],
    }  # fmt: skip
    snapshot = {
        "lastUpdateId": 100, "E": T0, "T": T0, "symbol": "BTCUSD_PERP", "pair": "BTCUSD",
        "bids": [["99.8", "3"]], "asks": [["100.1", "4"]],
    }  # fmt: skip

    report = run(binance_file(snapshot, depth))

    market = Recording.open(Path(report.out)).market(BTC)
    assert market.source == "Binance COIN-M perpetual BTCUSD_PERP"
    assert market.notes == ("quantities are contracts of a fixed number of dollars, not coins",)


def test_two_venues_with_the_same_symbol_are_refused(binance_file: File, depth: Message) -> None:
    coin_margined = depth(pu=100, u=110, ms=T0)
    coin_margined["data"] |= {"s": "BTCUSD_PERP", "ps": "BTCUSD"}

    with pytest.raises(MalformedInput, match=r"has BTC_USDC_PERP twice, as Binance USD-M .* import their files apart"):
        run(binance_file(depth(pu=100, u=110, ms=T0), coin_margined))


def test_the_files_of_a_folder_are_merged_by_local_time(
    tmp_path: Path, binance_file: File, depth: Message, snapshot: Message, trade: Message
) -> None:
    binance_file(depth(pu=110, u=120, ms=T0 + 20), name="folder_b", first_ns=9_000_000)
    binance_file(snapshot(last_id=100, ms=T0), depth(pu=100, u=110, ms=T0 + 10), name="folder_c")
    binance_file(trade(trade_id=1, ms=T0 + 15), name="folder_a", first_ns=8_000_000)
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("folder_a", "folder_b", "folder_c"):
        (tmp_path / name).rename(folder / name)
    (folder / "README.md").write_text("Lines for people, not for programs.")

    market, events = imported(folder)

    assert [event.exchange_ns // MS - T0 for event in events] == [0, 10, 15, 20]
    assert market.noticed["gaps"] == 0


def test_other_messages_are_counted_and_ignored(binance_file: File, depth: Message, snapshot: Message) -> None:
    path = binance_file(
        {"result": None, "id": 1},
        snapshot(last_id=100, ms=T0),
        depth(pu=100, u=110, ms=T0),
        {"stream": "btcusdt@bookTicker", "data": {"e": "bookTicker", "s": "BTCUSDT"}},
    )

    assert run(path).ignored == {"other": 1, "bookTicker": 1}


def test_a_last_line_that_was_cut_off_is_counted(binance_file: File, depth: Message, snapshot: Message) -> None:
    path = binance_file(snapshot(last_id=100, ms=T0), depth(pu=100, u=110, ms=T0), depth(pu=110, u=120, ms=T0))
    path.write_text(path.read_text()[:-30])

    report = run(path)

    assert report.ignored == {"broken_last_line": 1}
    assert report.markets[0].book.kept == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{}", "line 1: a line must be `<local ns> <json>`"),
        ("soon {}", "line 1: a line must be `<local ns> <json>`"),
        ("1000000 {", "line 1: unexpected end of data"),
        ('1000000 {"e": "trade"}', "line 1: no field 's'"),
        ('1000000 {"e": "depthUpdate", "s": "BTCUSDT", "pu": 1}', "line 1: no field 'u'"),
        ('1000000 {"e": "depthUpdate", "s": "BTCUSDT", "pu": 1, "u": "2"}', "line 1: field u must be a whole number"),
        (
            '1000000 {"e": "depthUpdate", "s": "BTCUSDT", "pu": 1, "u": 2, "b": [["x", "1"]], "a": []}',
            "line 1: 'x' is not a number",
        ),
        ('1000000 {"e": "depthUpdate", "s": "BTCUSDT", "pu": 1, "u": 2, "b": [["1"]], "a": []}', "line 1: not enough"),
    ],
)
def test_a_line_that_does_not_parse_is_refused_with_its_number(
    binance_file: File, depth: Message, line: str, message: str
) -> None:
    path = binance_file(depth(pu=100, u=110, ms=T0))
    path.write_text(f"{line}\n{path.read_text()}")

    with pytest.raises(MalformedInput, match=f"usdm {message}"):
        run(path)


def test_a_file_without_any_market_is_refused(binance_file: File) -> None:
    with pytest.raises(MalformedInput, match="has no book to import; expected a file, or a folder of files"):
        run(binance_file({"result": None, "id": 1}))


def test_a_market_with_trades_only_is_refused_when_asked_for(binance_file: File, trade: Message) -> None:
    with pytest.raises(MalformedInput, match="has no book of BTC_USDC_PERP to import"):
        run(binance_file(trade(trade_id=1, ms=T0)), BTC)
