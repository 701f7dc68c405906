"""A recording gives back what was written, and says in one line what is wrong with it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from decimal import Decimal
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.columns import SCHEMA
from recordings.errors import (
    RecordingBroken,
    RecordingError,
    RecordingIncomplete,
    RecordingMissing,
    UnknownSymbol,
)
from recordings.events import BookUpdate, MarketEvent, Trade
from recordings.manifest import UNFINISHED_NAME
from recordings.recording import Recording
from recordings.writer import RecordingWriter

BTC, ETH = "BTC_USDC_PERP", "ETH_USDC_PERP"
START = BookUpdate(1_000, True, ((100, 5), (99, 7)), ((101, 6), (102, 8)))
LATER = (
    Trade(1_500, 101, 2, False),
    BookUpdate(1_500, False, (), ((101, 4),)),
    Trade(2_000, 100, 5, True),
    BookUpdate(2_000, False, ((100, 0),), ((101, 9), (103, 1))),
)


def write(path: Path, **markets: list[MarketEvent]) -> Path:
    with RecordingWriter(path, source_kind="test") as writer:
        for symbol, events in markets.items():
            market = writer.add_market(
                symbol,
                tick_size=Decimal("0.1"),
                step_size=Decimal("0.00001"),
                depth=20,
                source="a test",
                notes=("a note",),
            )
            for event in events:
                market.append(event, received_ns=event.exchange_ns + 7)
    return path


def write_rows(path: Path, rows: list[tuple[int, ...]]) -> Path:
    """Write rows past the writer, which would refuse them."""
    write(path, BTC_USDC_PERP=[START])
    manifest = json.loads((path / "recording.json").read_text())
    manifest["markets"][0]["rows"] = len(rows)
    (path / "recording.json").write_text(json.dumps(manifest))
    columns = [pa.array(column, type=field.type) for column, field in zip(zip(*rows, strict=True), SCHEMA, strict=True)]
    pq.write_table(pa.Table.from_arrays(columns, schema=SCHEMA), path / f"{BTC}.parquet")
    return path


prices = st.integers(1, 2**62)
levels = st.lists(st.tuples(prices, st.integers(1, 2**62)), max_size=4).map(tuple)
changes = st.lists(st.tuples(prices, st.integers(0, 2**62)), max_size=4).map(tuple)
snapshots = st.builds(BookUpdate, st.just(0), st.just(True), levels, levels).filter(
    lambda event: event.bids + event.asks
)
updates = st.builds(BookUpdate, st.just(0), st.just(False), changes, changes).filter(
    lambda event: event.bids + event.asks
)
trades = st.builds(Trade, st.just(0), prices, st.integers(1, 2**62), st.booleans())


@st.composite
def markets(draw: st.DrawFn) -> list[MarketEvent]:
    events = [draw(snapshots), *draw(st.lists(st.one_of(snapshots, updates, trades), max_size=30))]
    waits = draw(st.lists(st.integers(0, 10**12), min_size=len(events), max_size=len(events)))
    times = accumulate(waits, initial=1)
    return [event._replace(exchange_ns=time) for event, time in zip(events, times, strict=False)]


@given(markets())
@settings(max_examples=60, deadline=None)
def test_events_come_back_as_they_were_written(events: list[MarketEvent]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording.open(write(Path(folder) / "recording", BTC_USDC_PERP=events))

        assert list(recording.events(BTC)) == events


def test_events_come_back_over_several_row_groups_and_none_splits_an_update(tmp_path: Path) -> None:
    updates = [
        BookUpdate(2_000 + i, False, tuple((100 + j, i + j) for j in range(7)), ((500 + i, 1),)) for i in range(20_000)
    ]
    path = write(tmp_path / "recording", BTC_USDC_PERP=[START, *updates])
    recording = Recording.open(path)

    chunks = list(recording.chunks(BTC))

    assert len(chunks) == 3
    assert [len(np.intersect1d(a.update, b.update)) for a, b in pairwise(chunks)] == [0, 0]
    assert list(recording.events(BTC)) == [START, *updates]


def test_the_manifest_tells_grid_span_and_counts(tmp_path: Path) -> None:
    market = Recording.open(write(tmp_path / "recording", BTC_USDC_PERP=[START, *LATER])).market(BTC)

    assert (market.tick_size, market.step_size, market.depth) == (Decimal("0.1"), Decimal("0.00001"), 20)
    assert (market.first_ns, market.last_ns) == (1_000, 2_000)
    assert (market.book_updates, market.trades, market.rows) == (3, 2, 10)
    assert (market.source, market.starts, market.notes) == ("a test", "snapshot", ("a note",))


def test_tick_and_step_are_plain_decimals_in_the_manifest(tmp_path: Path) -> None:
    path = write(tmp_path / "recording", BTC_USDC_PERP=[START])

    market = json.loads((path / "recording.json").read_text())["markets"][0]

    assert (market["tick_size"], market["step_size"]) == ("0.1", "0.00001")


def test_the_received_time_is_kept_beside_the_exchange_time(tmp_path: Path) -> None:
    recording = Recording.open(write(tmp_path / "recording", BTC_USDC_PERP=[START, *LATER]))

    chunk = next(recording.chunks(BTC))

    assert set((chunk.received_ns - chunk.exchange_ns).tolist()) == {7}


def test_several_markets_are_merged_by_time_and_the_first_named_goes_first(tmp_path: Path) -> None:
    path = write(tmp_path / "recording", BTC_USDC_PERP=[START, *LATER], ETH_USDC_PERP=[START, *LATER])

    merged = list(Recording.open(path).merged([ETH, BTC]))

    assert [event.exchange_ns for _, event in merged] == [1_000] * 2 + [1_500] * 4 + [2_000] * 4
    assert [symbol for symbol, _ in merged] == [ETH, BTC] + ([ETH] * 2 + [BTC] * 2) * 2


def test_a_market_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    recording = Recording.open(write(tmp_path / "recording", BTC_USDC_PERP=[START], ETH_USDC_PERP=[START]))

    with pytest.raises(UnknownSymbol, match="has no DOGE_USDC, it has BTC_USDC_PERP, ETH_USDC_PERP"):
        recording.market("DOGE_USDC")


def remove_folder(path: Path) -> None:
    shutil.rmtree(path)


def remove_manifest(path: Path) -> None:
    (path / "recording.json").unlink()


def leave_unfinished(path: Path) -> None:
    (path / "recording.json").rename(path / UNFINISHED_NAME)


def break_json(path: Path) -> None:
    (path / "recording.json").write_text('{"format": ')


def forget_the_format(path: Path) -> None:
    (path / "recording.json").write_text("{}")


def raise_version(path: Path) -> None:
    change_manifest(path, lambda manifest: manifest.update(version=2))


def forget_markets(path: Path) -> None:
    change_manifest(path, lambda manifest: manifest.update(markets=[]))


def forget_the_tick(path: Path) -> None:
    change_manifest(path, lambda manifest: manifest["markets"][0].pop("tick_size"))


def zero_the_tick(path: Path) -> None:
    change_manifest(path, lambda manifest: manifest["markets"][0].update(tick_size="0"))


def climb_out_of_the_folder(path: Path) -> None:
    change_manifest(path, lambda manifest: manifest["markets"][0].update(symbol="../BTC"))


def miscount_rows(path: Path) -> None:
    change_manifest(path, lambda manifest: manifest["markets"][0].update(rows=3))


def remove_market(path: Path) -> None:
    (path / f"{BTC}.parquet").unlink()


def truncate_market(path: Path) -> None:
    file = path / f"{BTC}.parquet"
    file.write_bytes(file.read_bytes()[:-20])


def drop_a_column(path: Path) -> None:
    table = pq.read_table(path / f"{BTC}.parquet")
    pq.write_table(table.drop_columns(["side"]), path / f"{BTC}.parquet")


def change_manifest(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    manifest = json.loads((path / "recording.json").read_text())
    change(manifest)
    (path / "recording.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (remove_folder, RecordingMissing, "there is no such folder"),
        (remove_manifest, RecordingMissing, "it has no recording.json"),
        (leave_unfinished, RecordingIncomplete, "was never finished"),
        (break_json, RecordingBroken, "recording.json does not parse"),
        (forget_the_format, RecordingBroken, "is not a manifest of a recording"),
        (raise_version, RecordingBroken, "format version 2, this program reads version 1"),
        (forget_markets, RecordingBroken, "names no markets"),
        (forget_the_tick, RecordingBroken, "a market does not parse.*tick_size"),
        (zero_the_tick, RecordingBroken, "tick_size must be positive"),
        (climb_out_of_the_folder, RecordingBroken, "is not a symbol"),
        (miscount_rows, RecordingBroken, "has 4 rows, the manifest says 3"),
        (remove_market, RecordingBroken, "BTC_USDC_PERP.parquet cannot be read"),
        (truncate_market, RecordingBroken, "BTC_USDC_PERP.parquet cannot be read"),
        (drop_a_column, RecordingBroken, "has no column side"),
    ],
)
def test_a_damaged_recording_is_refused_with_one_line(
    tmp_path: Path, damage: Callable[[Path], None], error: type[RecordingError], message: str
) -> None:
    path = write(tmp_path / "recording", BTC_USDC_PERP=[START])
    damage(path)

    with pytest.raises(error, match=message) as raised:
        Recording.open(path)

    assert "\n" not in str(raised.value)


def test_a_damaged_page_is_refused_when_it_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "recording", BTC_USDC_PERP=[START, *LATER])
    file = path / f"{BTC}.parquet"
    content = bytearray(file.read_bytes())
    content[4:200] = bytes(196)
    file.write_bytes(content)

    with pytest.raises(RecordingBroken, match="row group 0 cannot be read"):
        list(Recording.open(path).events(BTC))


@pytest.mark.parametrize(
    ("rows", "guarantee"),
    [
        ([(5, 5, 0, 1, 0, 9, 9)], "a market begins with a snapshot"),
        ([(5, 5, 0, 0, 0, 9, 9), (4, 4, 1, 1, 0, 9, 9)], "times never decrease"),
        ([(5, 5, 1, 0, 0, 9, 9), (5, 5, 0, 1, 0, 9, 9)], "update numbers increase"),
        ([(5, 5, 0, 0, 0, 9, 9), (6, 6, 0, 0, 0, 9, 9)], "an update has one time"),
        ([(5, 5, 0, 0, 0, 9, 9), (5, 5, 0, 1, 0, 9, 9)], "an update has one kind"),
        ([(5, 5, 0, 0, 1, 9, 9), (5, 5, 0, 0, 0, 9, 9)], "bids come before asks"),
        ([(5, 5, 0, 0, 0, 9, 9), (5, 5, 1, 2, 0, 9, 9), (5, 5, 1, 2, 0, 9, 9)], "a trade is one row"),
        ([(5, 5, 0, 0, 0, 9, 9), (5, 5, 1, 3, 0, 9, 9)], "kinds are 0, 1 or 2"),
        ([(5, 5, 0, 0, 2, 9, 9)], "sides are 0 or 1"),
        ([(5, 5, 0, 0, 0, 0, 9)], "prices are positive"),
        ([(5, 0, 0, 0, 0, 9, 9)], "received times are positive"),
        ([(5, 5, 0, 0, 0, 9, 0)], "only deleted levels have 0 lots"),
    ],
)
def test_rows_that_break_a_guarantee_are_refused(tmp_path: Path, rows: list[tuple[int, ...]], guarantee: str) -> None:
    path = write_rows(tmp_path / "recording", rows)

    with pytest.raises(RecordingBroken, match=f"broken guarantee: {guarantee}"):
        list(Recording.open(path).events(BTC))
