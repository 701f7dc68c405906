"""What a person gives and does not work: one line on stderr, an exit code that is not 0, nothing left running."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from recordings.events import BookUpdate
from recordings.writer import RecordingWriter
from tests.flows.place import Ended, Place

SYMBOL = "BTC_USDC_PERP"


@pytest.fixture
def taken_port() -> Iterator[str]:
    """Return a port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


def refused(ended: Ended, *, saying: str) -> bool:
    """Tell whether a command has ended as bad input must: one line that says what is wrong."""
    return ended.code not in (0, None) and ended.err.count("\n") == 1 and saying in ended.err


@pytest.fixture
def recording(place: Place) -> Path:
    """Return a recording of one market with one book."""
    path = place.folder / "recording"
    with RecordingWriter(path, source_kind="test") as writer:
        market = writer.add_market(
            SYMBOL, tick_size=Decimal("0.1"), step_size=Decimal("0.01"), depth=0, source="a test"
        )
        market.append(BookUpdate(1_000, True, ((100, 5),), ((101, 6),)))
    return path


@pytest.mark.parametrize(
    ("arguments", "saying"),
    [
        (("--recording", "nowhere"), "there is no such folder"),
        (("--symbol", "DOGE_USDC_PERP"), "has no DOGE_USDC_PERP"),
        (("--json", "nowhere/out.json"), "there is no folder"),
        (("--json", "."), "cannot be written"),
        (("--seconds", "nan"), "--seconds"),
        (("--speed", "fast"), "--speed"),
    ],
)
def test_a_wrong_argument_of_the_demo(place: Place, arguments: tuple[str, ...], saying: str) -> None:
    assert refused(place.run("demo", *arguments), saying=saying)
    assert place.left_running() == []


def test_a_recording_whose_description_does_not_parse(place: Place, recording: Path) -> None:
    (recording / "recording.json").write_text("{")
    assert refused(place.run("demo", "--recording", str(recording)), saying="does not parse")
    assert place.left_running() == []


def test_a_recording_that_was_cut_off(place: Place, recording: Path) -> None:
    events = recording / f"{SYMBOL}.parquet"
    events.write_bytes(events.read_bytes()[:-20])
    assert refused(place.run("demo", "--recording", str(recording)), saying="cannot be read")
    assert place.left_running() == []


def test_a_symbol_that_the_recording_lacks(place: Place, recording: Path) -> None:
    ended = place.run("demo", "--recording", str(recording), "--symbol", "ETH_USDC_PERP")
    assert refused(ended, saying=f"has no ETH_USDC_PERP, it has {SYMBOL}")
    assert place.left_running() == []


@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_a_port_in_use(place: Place, command: str, taken_port: str) -> None:
    assert refused(place.run(command, "--port", taken_port), saying=f"port {taken_port}")
    assert place.left_running() == []


@pytest.mark.parametrize(
    ("name", "address"),
    [("DATABASE_URL", "postgres://alice:hush@127.0.0.1:1/obiwork"), ("REDIS_URL", "redis://:hush@127.0.0.1:1/0")],
)
def test_a_server_that_refuses(place: Place, name: str, address: str) -> None:
    ended = place.run("demo", "--no-web", **{name: address})
    assert refused(ended, saying=f"{name} does not answer")
    assert "hush" not in ended.err
    assert place.left_running() == []


def test_a_run_folder_that_cannot_be_made(place: Place) -> None:
    (place.folder / "file").touch()
    ended = place.run("demo", "--no-web", OBIWORK_RUN_DIR=str(place.folder / "file" / "run"))
    assert refused(ended, saying="cannot be made")
    assert place.left_running() == []
