"""Lines of plain or gzipped text files, with progress, up to wherever a file was cut off."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from recordings.errors import MalformedInput

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in total, of the files as they lie on the disk."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's code for "gzip header, largest window"
_BLOCK_BYTES = 1 << 17


class Line(NamedTuple):
    """One line, counted from 1; `is_cut` where the file was cut off within it, as far as one can know."""

    number: int
    text: bytes
    is_last: bool
    is_cut: bool = False


class LineReader:
    """Read files line by line and tell how far one is, over all passes that an importer makes."""

    def __init__(self, paths: Sequence[Path], *, passes: int, progress: Progress) -> None:
        self._total = sum(path.stat().st_size for path in paths) * passes
        self._done = 0
        self._progress = progress

    def lines(self, path: Path) -> Iterator[Line]:
        """Yield the lines of a file that are not empty. Raises: MalformedInput when it cannot be unpacked."""
        file = _File(path, on_bytes=self._advance)
        held = Line(0, b"", is_last=False)
        for number, text in enumerate(file.lines(), start=1):
            if held.text:
                yield held
            held = Line(number, text.rstrip(b"\r"), is_last=False)
        if held.text:
            yield held._replace(is_last=True, is_cut=file.is_cut)

    def first_line(self, path: Path) -> bytes:
        """Return the first line of a file, nothing if it has none. Raises: MalformedInput."""
        return next(_File(path, on_bytes=_ignore).lines(), b"").rstrip(b"\r")

    def _advance(self, size: int) -> None:
        self._done += size
        self._progress(self._done, self._total)


def _ignore(size: int) -> None:
    """Take a size that counts for no progress."""


class _File:
    """One file while it is read; `is_cut` once it ended within a gzip member."""

    def __init__(self, path: Path, *, on_bytes: Callable[[int], None]) -> None:
        self._path = path
        self._on_bytes = on_bytes
        self.is_cut = False

    def lines(self) -> Iterator[bytes]:
        carry = b""
        for block in self._blocks():
            parts = (carry + block).split(b"\n")
            carry = parts.pop()
            yield from parts
        if carry:
            yield carry

    def _blocks(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as file:
                is_gzip = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
                file.seek(0)
                blocks = self._read(file)
                yield from self._unpacked(blocks) if is_gzip else blocks
        except (OSError, zlib.error) as error:
            raise MalformedInput(f"{self._path} cannot be read: {error}") from error

    def _read(self, file: BinaryIO) -> Iterator[bytes]:
        while block := file.read(_BLOCK_BYTES):
            self._on_bytes(len(block))
            yield block

    def _unpacked(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        engine = zlib.decompressobj(_GZIP_WINDOW)
        for block in blocks:
            rest = block
            while rest:
                yield engine.decompress(rest)
                rest = engine.unused_data  # the next member, where several were appended
                self.is_cut = not engine.eof
                engine = zlib.decompressobj(_GZIP_WINDOW) if engine.eof else engine
