"""The command `obiwork import`: convert a foreign recording into ours."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from recordings.errors import RecordingError
from recordings.importers import IMPORTERS, ImportReport, MarketReport, Tally, import_recording
from recordings.importers.lines import Progress as OnProgress

EXIT_OK, EXIT_BAD_INPUT, EXIT_STOPPED = 0, 2, 130
_STOPPING = (signal.SIGINT, signal.SIGTERM)


def main(argv: Sequence[str]) -> int:
    """Run `obiwork import` with the words that follow it, and return the exit code."""
    try:
        arguments = _parser().parse_args(argv)
        with _progress_bar(Console(stderr=True)) as bar, _stoppable(bar) as on_progress:
            report = import_recording(
                arguments.kind,
                arguments.path,
                out=arguments.out,
                symbols=arguments.symbol,
                progress=on_progress,
            )
    except (RecordingError, OSError, _BadArguments) as error:
        print(f"obiwork import: {' '.join(str(error).split())}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except _Stopped:
        print("obiwork import: stopped, nothing was written", file=sys.stderr)
        return EXIT_STOPPED
    print(json.dumps(report.to_json(), indent=2) if arguments.json else _text(report))
    return EXIT_OK


class _BadArguments(Exception):
    """The words after the command make no sense; the person reads one line about it."""


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _BadArguments(message)


def _parser() -> argparse.ArgumentParser:
    kinds = "\n".join(f"  {kind}: {importer.reads}" for kind, importer in sorted(IMPORTERS.items()))
    parser = _OneLineParser(
        prog="obiwork import",
        description="Convert a foreign recording into ours, and say what was kept and dropped.",
        epilog=f"kinds and what they read:\n{kinds}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", metavar="KIND", help="what the recording is, see below")
    parser.add_argument("path", metavar="PATH", type=Path, help="a file or a folder, as the kind says")
    parser.add_argument(
        "--symbol",
        metavar="S",
        action="append",
        default=[],
        help="our symbol, may be repeated; all if left out",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="a new or empty folder")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser


class _Stopped(Exception):
    """Ctrl-C or SIGTERM came."""


@contextmanager
def _stoppable(on_progress: OnProgress | None) -> Iterator[OnProgress]:
    """Yield a progress callback that raises _Stopped after Ctrl-C or SIGTERM.

    A signal that raised where it happened to arrive could interrupt the removal of a half-written recording.
    """
    signals: list[int] = []

    def report(done_bytes: int, total_bytes: int) -> None:
        if signals:
            raise _Stopped
        if on_progress:
            on_progress(done_bytes, total_bytes)

    before = {number: signal.getsignal(number) for number in _STOPPING}
    for number in _STOPPING:
        signal.signal(number, lambda received, _frame: signals.append(received))
    try:
        yield report
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress_bar(console: Console) -> Iterator[OnProgress | None]:
    """Draw a bar on a terminal and nothing elsewhere."""
    if not console.is_terminal:
        yield None
        return
    columns = TextColumn("importing"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("importing", total=None)
        yield lambda done_bytes, total_bytes: bar.update(task, completed=done_bytes, total=total_bytes)


def _text(report: ImportReport) -> str:
    lines = [f"{report.kind}: {report.path} -> {report.out}"]
    for market in report.markets:
        lines += _market_lines(market)
    if report.ignored:
        lines.append(f"ignored lines: {_counts(report.ignored)}")
    return "\n".join(lines)


def _market_lines(market: MarketReport) -> list[str]:
    return [
        f"{market.symbol}  {market.source}, tick {market.tick_size:f}, step {market.step_size:f}, "
        f"starts {market.starts}",
        f"  book updates  {_tally(market.book)}",
        f"  trades        {_tally(market.trades)}",
        *([f"  noticed       {_counts(market.noticed)}"] if market.noticed else []),
    ]


def _tally(tally: Tally) -> str:
    dropped = f" ({_counts(tally.dropped)})" if tally.dropped else ""
    return f"kept {tally.kept:,} of {tally.seen:,}, dropped {tally.dropped.total():,}{dropped}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what.replace('_', ' ')} {times:,}" for what, times in sorted(counts.items()))
