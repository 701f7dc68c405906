"""Rows of a CSV file by column name, each parsed at once so that an error names its line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeAlias, TypeVar

from recordings.errors import MalformedInput
from recordings.importers.lines import Line, LineReader
from recordings.importers.report import BROKEN_LAST_LINE, Tally

Cells: TypeAlias = Mapping[str, str]
Parsed = TypeVar("Parsed")

_NS_PER_S = 1_000_000_000


def csv_header(path: Path, reader: LineReader) -> list[str]:
    """Return the column names of a file. Raises: MalformedInput when it is empty."""
    header = reader.first_line(path)
    if not header:
        raise MalformedInput(f"{path} is empty")
    return _cells(header)


def csv_rows(
    path: Path,
    reader: LineReader,
    *,
    columns: Sequence[str],
    parse: Callable[[Cells], Parsed],
    tally: Tally,
) -> Iterator[Parsed]:
    """Yield a file's rows as `parse` returns them; a last line that was cut off is dropped.

    Raises: MalformedInput naming the line when another row does not parse, or when a column is missing.
    """
    header = csv_header(path, reader)
    missing = [column for column in columns if column not in header]
    if missing:
        raise MalformedInput(f"{path} has no column {missing[0]}")
    for line in reader.lines(path):
        if line.number == 1:
            continue
        try:
            row = parse(_by_column(header, line))
        except ValueError as error:
            if not line.is_last:
                raise MalformedInput(f"{path} line {line.number}: {error}") from error
            tally.drop(BROKEN_LAST_LINE)
            continue
        yield row


def seconds_as_ns(text: str) -> int:
    """Return a decimal number of seconds in nanoseconds. Raises: ValueError."""
    try:
        time_ns = int(Decimal(text) * _NS_PER_S)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a time") from error
    if time_ns <= 0:
        raise ValueError(f"{text!r} is not a time")
    return time_ns


def _by_column(header: Sequence[str], line: Line) -> Cells:
    if line.is_cut:  # a number cut in two still looks like one
        raise ValueError("the file ends within this line")
    cells = _cells(line.text)
    if len(cells) != len(header):
        raise ValueError(f"{len(cells)} cells instead of {len(header)}")
    return dict(zip(header, cells, strict=True))


def _cells(text: bytes) -> list[str]:
    return text.decode("utf-8", "replace").strip().split(",")
