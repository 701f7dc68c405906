"""`obiwork import` reports what it did, and answers bad input with one line and exit code 2."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from recordings.cli import main
from recordings.recording import Recording

T0 = 1_757_000_000_000
BTC = "BTC_USDC_PERP"

Row = Callable[..., str]
Folder = Callable[..., Path]


@pytest.fixture
def path(hyperliquid_folder: Folder, book_row: Row, trade_row: Row) -> Path:
    return hyperliquid_folder(
        book=[book_row(T0), book_row(T0), book_row(T0 + 500)], trades=[trade_row(T0 + 1, trade_id="1")]
    )


def test_the_report_says_what_was_kept_and_dropped(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["hyperliquid-csv", str(path), "--out", str(tmp_path / "out")])

    printed = capsys.readouterr()
    assert (code, printed.err) == (0, "")
    assert "BTC_USDC_PERP  Hyperliquid perpetual BTC, tick 0.5, step 1, starts snapshot" in printed.out
    assert "kept 2 of 3, dropped 1 (duplicate timestamp 1)" in printed.out
    assert list(Recording.open(tmp_path / "out").markets) == [BTC]


def test_the_report_as_json_has_every_count(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["hyperliquid-csv", str(path), "--symbol", BTC, "--out", str(tmp_path / "out"), "--json"])

    report = json.loads(capsys.readouterr().out)
    assert (report["kind"], report["path"], report["out"]) == ("hyperliquid-csv", str(path), str(tmp_path / "out"))
    assert report["markets"][BTC] == {
        "source": "Hyperliquid perpetual BTC",
        "tick_size": "0.5",
        "step_size": "1",
        "starts": "snapshot",
        "book": {"seen": 3, "kept": 2, "dropped": {"duplicate_timestamp": 1}},
        "trades": {"seen": 1, "kept": 1, "dropped": {}},
        "noticed": {"unchanged_rows": 1},
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kraken", "{path}", "--out", "{out}"], "there is no importer kraken"),
        (["hyperliquid-csv", "{out}", "--out", "{out}"], "there is nothing at"),
        (["hyperliquid-csv", "{path}"], "required: --out"),
        (["hyperliquid-csv", "{path}", "--out", "{out}", "--symbol", "X"], "has no X, it has BTC_USDC_PERP"),
        (["hyperliquid-csv", "{path}", "--out", "{path}"], "is not empty"),
        (["hyperliquid-csv", "{path}", "--out", "{path}/trades_BTC.csv/out"], "trades_BTC.csv"),
        (["binance-raw", "{path}", "--out", "{out}"], "line 1: a line must be"),
    ],
)
def test_bad_input_is_answered_with_one_line_and_exit_code_2(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    code = main([argument.format(path=path, out=tmp_path / "out") for argument in arguments])

    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert printed.err.startswith("obiwork import: ")
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_help_names_every_kind(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])

    printed = capsys.readouterr().out
    assert "binance-raw: a file, or a folder" in printed
    assert "hyperliquid-csv: a folder" in printed


def test_a_signal_stops_the_import_and_leaves_nothing_behind(
    tmp_path: Path, hyperliquid_folder: Folder, book_row: Row
) -> None:
    path = hyperliquid_folder(book=[book_row(T0 + number) for number in range(60_000)])
    out = tmp_path / "out"
    program = "import sys; from recordings.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "hyperliquid-csv", str(path), "--out", str(out)]

    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        while not out.exists():
            assert process.poll() is None
            time.sleep(0.001)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=20)

    assert (process.returncode, error) == (130, "obiwork import: stopped, nothing was written\n")
    assert not out.exists()
