"""The manifest `recording.json`: what a recording holds, and on which grid."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from recordings.errors import RecordingBroken, RecordingIncomplete, RecordingMissing

MANIFEST_NAME = "recording.json"
UNFINISHED_NAME = "recording.json.unfinished"
FORMAT_NAME = "obiwork-recording"
FORMAT_VERSION = 1

STARTS_WITH_SNAPSHOT = "snapshot"
STARTS_PARTIAL = "partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedMarket:
    """One market of a recording.

    `depth` counts the levels a side that the source kept, 0 stands for the full book. `starts` says what the
    first snapshot is: one of the exchange ("snapshot"), or the levels seen during a warm-up ("partial").

    Units: tick_size in quote per base, step_size in base (in contracts where `notes` say so).
    """

    symbol: str
    tick_size: Decimal
    step_size: Decimal
    depth: int
    first_ns: int
    last_ns: int
    book_updates: int
    trades: int
    rows: int
    source: str
    starts: str = STARTS_WITH_SNAPSHOT
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `recording.json` says."""

    source_kind: str
    markets: Mapping[str, RecordedMarket]


def manifest_text(manifest: Manifest) -> str:
    """Return a manifest as the JSON text of `recording.json`."""
    content = {
        "format": FORMAT_NAME,
        "version": FORMAT_VERSION,
        "source_kind": manifest.source_kind,
        "markets": [_market_json(market) for market in manifest.markets.values()],
    }
    return json.dumps(content, indent=2) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a recording.

    Raises: RecordingMissing, RecordingIncomplete, RecordingBroken.
    """
    path = folder / MANIFEST_NAME
    _require_manifest(folder)
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RecordingBroken(f"{path} does not parse: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT_NAME:
        raise RecordingBroken(f"{path} is not a manifest of a recording")
    if content.get("version") != FORMAT_VERSION:
        raise RecordingBroken(
            f"{path} has format version {content.get('version')}, this program reads version {FORMAT_VERSION}"
        )
    return _parse(content, path)


def _require_manifest(folder: Path) -> None:
    if not folder.exists():
        raise RecordingMissing(f"no recording at {folder}: there is no such folder")
    if not folder.is_dir():
        raise RecordingMissing(f"no recording at {folder}: a recording is a folder with a {MANIFEST_NAME}")
    if (folder / MANIFEST_NAME).is_file():
        return
    if (folder / UNFINISHED_NAME).exists():
        raise RecordingIncomplete(f"the recording at {folder} was never finished: delete it and import again")
    raise RecordingMissing(f"no recording at {folder}: it has no {MANIFEST_NAME}")


def _parse(content: dict[str, object], path: Path) -> Manifest:
    entries = content.get("markets")
    if not isinstance(entries, list) or not entries:
        raise RecordingBroken(f"{path} names no markets")
    try:
        markets = [_market(entry) for entry in entries]
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise RecordingBroken(f"{path}: a market does not parse: {error!r}") from error
    by_symbol = {market.symbol: market for market in markets}
    if len(by_symbol) != len(markets):
        raise RecordingBroken(f"{path} names a market twice")
    return Manifest(source_kind=str(content.get("source_kind", "unknown")), markets=by_symbol)


def _market(entry: dict[str, object]) -> RecordedMarket:
    notes = entry.get("notes", [])
    if not isinstance(notes, list):
        raise TypeError("notes must be a list")
    market = RecordedMarket(
        symbol=_text(entry, "symbol"),
        tick_size=Decimal(_text(entry, "tick_size")),
        step_size=Decimal(_text(entry, "step_size")),
        depth=_whole(entry, "depth"),
        first_ns=_whole(entry, "first_ns"),
        last_ns=_whole(entry, "last_ns"),
        book_updates=_whole(entry, "book_updates"),
        trades=_whole(entry, "trades"),
        rows=_whole(entry, "rows"),
        source=_text(entry, "source"),
        starts=_text(entry, "starts"),
        notes=tuple(str(note) for note in notes),
    )
    check_symbol(market.symbol)
    check_grid(market.tick_size, market.step_size)
    return market


def check_symbol(symbol: str) -> None:
    """Check that a symbol can name a file. Raises: ValueError."""
    if not symbol or not symbol.replace("_", "").isalnum() or not symbol.isascii():
        raise ValueError(f"{symbol!r} is not a symbol (letters, digits and underscores)")


def check_grid(tick_size: Decimal, step_size: Decimal) -> None:
    """Check that a tick and a step are positive, finite numbers. Raises: ValueError."""
    for name, unit in (("tick_size", tick_size), ("step_size", step_size)):
        if not unit.is_finite() or unit <= 0:
            raise ValueError(f"{name} must be positive, got {unit}")


def _text(entry: dict[str, object], key: str) -> str:
    value = entry[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} must be text")
    return value


def _whole(entry: dict[str, object], key: str) -> int:
    value = entry[key]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"{key} must be a whole number, not negative")
    return value


def _market_json(market: RecordedMarket) -> dict[str, object]:
    return {
        "symbol": market.symbol,
        "tick_size": format(market.tick_size, "f"),
        "step_size": format(market.step_size, "f"),
        "depth": market.depth,
        "first_ns": market.first_ns,
        "last_ns": market.last_ns,
        "book_updates": market.book_updates,
        "trades": market.trades,
        "rows": market.rows,
        "starts": market.starts,
        "source": market.source,
        "notes": list(market.notes),
    }
