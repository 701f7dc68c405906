"""Importers of foreign recordings: one entry per kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from recordings.errors import MalformedInput, RecordingMissing, UnknownKind, UnknownSymbol
from recordings.importers.binance_raw import import_binance_raw
from recordings.importers.hyperliquid_csv import import_hyperliquid_csv
from recordings.importers.job import ImportJob
from recordings.importers.lines import Progress
from recordings.importers.report import ImportReport, MarketReport, Tally
from recordings.writer import RecordingWriter

__all__ = ["IMPORTERS", "ImportReport", "Importer", "MarketReport", "Tally", "import_recording"]


@dataclass(frozen=True, slots=True)
class Importer:
    """One kind of foreign recording: what its path must be, and the function that reads it."""

    reads: str
    run: Callable[[ImportJob], None]


IMPORTERS: Mapping[str, Importer] = {
    "binance-raw": Importer("a file, or a folder of files, with lines `<local ns> <json>`", import_binance_raw),
    "hyperliquid-csv": Importer("a folder with orderbooks_X.csv[.gz] and trades_X.csv[.gz]", import_hyperliquid_csv),
}


def import_recording(
    kind: str,
    path: Path,
    *,
    out: Path,
    symbols: Sequence[str] = (),
    progress: Progress | None = None,
) -> ImportReport:
    """Convert a foreign recording into ours and report what was kept and dropped.

    `symbols` are ours (BTC_USDC_PERP) or their base (BTC); none means all. After an error nothing is left in `out`.

    Raises: UnknownKind, UnknownSymbol, RecordingMissing, RecordingRefused, MalformedInput.
    """
    importer = IMPORTERS.get(kind)
    if importer is None:
        raise UnknownKind(f"there is no importer {kind}, there are {', '.join(sorted(IMPORTERS))}")
    if not path.exists():
        raise RecordingMissing(f"there is nothing at {path}; {kind} reads {importer.reads}")
    with RecordingWriter(out, source_kind=kind) as writer:
        job = ImportJob(
            path=path,
            writer=writer,
            wanted=frozenset(symbols),
            progress=progress or _no_progress,
            ignored=Counter(),
        )
        importer.run(job)
        _require_markets(job, reads=importer.reads)
    return ImportReport(
        kind=kind,
        path=str(path),
        out=str(out),
        markets=tuple(job.reports.values()),
        ignored=dict(job.ignored),
    )


def _require_markets(job: ImportJob, *, reads: str) -> None:
    missing = job.wanted_but_not_in(job.found)
    if missing and job.found:
        raise UnknownSymbol(f"{job.path} has no {', '.join(missing)}, it has {', '.join(sorted(job.found))}")
    bookless = job.wanted_but_not_in(job.reports)
    if bookless or not job.reports:
        market = f"book of {', '.join(bookless)}" if bookless else "book"
        raise MalformedInput(f"{job.path} has no {market} to import; expected {reads}")


def _no_progress(done_bytes: int, total_bytes: int) -> None:
    """Take a report of progress that nobody asked for."""
