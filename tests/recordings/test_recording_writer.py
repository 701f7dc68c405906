"""The writer overwrites nothing, leaves nothing half-written, and refuses what no market does."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from recordings.errors import RecordingIncomplete, RecordingRefused
from recordings.events import BookUpdate, MarketEvent, Trade
from recordings.recording import Recording
from recordings.writer import MarketWriter, RecordingWriter

BTC = "BTC_USDC_PERP"
START = BookUpdate(1_000, True, ((100, 5),), ((101, 6),))


def add_market(writer: RecordingWriter, symbol: str = BTC, tick_size: str = "0.1") -> MarketWriter:
    return writer.add_market(symbol, tick_size=Decimal(tick_size), step_size=Decimal("0.01"), depth=0, source="a test")


def fail_after_an_event(path: Path) -> None:
    with RecordingWriter(path, source_kind="test") as writer:
        add_market(writer).append(START)
        raise ZeroDivisionError


def record_markets(path: Path, *symbols: str) -> None:
    with RecordingWriter(path, source_kind="test") as writer:
        for symbol in symbols:
            add_market(writer, symbol)


def record(path: Path, *events: MarketEvent) -> None:
    with RecordingWriter(path, source_kind="test") as writer:
        market = add_market(writer)
        for event in events:
            market.append(event)


def test_a_folder_that_is_not_empty_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(RecordingRefused, match="is not empty, a recording is never overwritten"):
        record(tmp_path, START)

    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "recording").write_text("mine")

    with pytest.raises(RecordingRefused, match="is a file"):
        record(tmp_path / "recording", START)


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_after_an_event(tmp_path / "recording")

    assert not (tmp_path / "recording").exists()


def test_an_error_keeps_the_folder_that_was_there_before(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_after_an_event(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_recording_whose_writer_was_killed_is_recognised_as_unfinished(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "recording", source_kind="test")
    add_market(writer).append(START)

    with pytest.raises(RecordingIncomplete, match="was never finished: delete it and import again"):
        Recording.open(tmp_path / "recording")


def test_an_update_without_levels_takes_no_row_and_is_not_recorded(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "recording", source_kind="test") as writer:
        market = add_market(writer)
        rows = [market.append(START), market.append(BookUpdate(1_001, False, (), ()))]

    assert rows == [2, 0]
    assert list(Recording.open(tmp_path / "recording").events(BTC)) == [START]


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([], "a market needs a snapshot at least"),
        ([Trade(1_000, 100, 1, True)], "a market begins with a snapshot"),
        ([BookUpdate(1_000, False, ((100, 5),), ())], "a market begins with a snapshot"),
        ([BookUpdate(1_000, True, (), ())], "a snapshot needs a level"),
        ([START, Trade(999, 100, 1, True)], "an event at 999 ns came after 1000 ns"),
        ([START, Trade(1_000, 100, 0, True)], "only a deleted level has 0 lots"),
        ([START, Trade(1_000, 0, 1, True)], "prices must be positive"),
        ([BookUpdate(1_000, True, ((100, 0),), ())], "only a deleted level has 0 lots"),
        ([START, BookUpdate(1_000, False, ((100, -1),), ())], "only a deleted level has 0 lots"),
        ([BookUpdate(0, True, ((100, 5),), ())], "times must be positive"),
        ([START, Trade(2**63, 100, 1, True)], "does not fit into 64 bits"),
        ([START, Trade(1_000, 2**63, 1, True)], "does not fit into 64 bits"),
    ],
)
def test_impossible_events_are_refused(tmp_path: Path, events: list[MarketEvent], message: str) -> None:
    with pytest.raises(RecordingRefused, match=message):
        record(tmp_path / "recording", *events)

    assert not (tmp_path / "recording").exists()


@pytest.mark.parametrize(("symbol", "tick_size"), [("../BTC", "0.1"), ("", "0.1"), (BTC, "0"), (BTC, "NaN")])
def test_impossible_markets_are_refused(tmp_path: Path, symbol: str, tick_size: str) -> None:
    with (
        pytest.raises(RecordingRefused, match=r"is not a symbol|must be positive"),
        RecordingWriter(tmp_path / "recording", source_kind="test") as writer,
    ):
        add_market(writer, symbol, tick_size)


def test_a_market_is_added_once(tmp_path: Path) -> None:
    with pytest.raises(RecordingRefused, match="already has a market BTC_USDC_PERP"):
        record_markets(tmp_path / "recording", BTC, BTC)


def test_a_recording_without_markets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingRefused, match="a recording needs a market"):
        record_markets(tmp_path / "recording")
