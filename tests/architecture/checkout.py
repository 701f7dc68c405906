"""What a clone would hold: the tracked files and those about to be."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parents[2]


class Line(NamedTuple):
    """A line of a file, as an error shows it."""

    path: Path
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.number}: {self.text.strip()[:120]}"


def files() -> list[Path]:
    """Return the paths, relative to the checkout, of every file that is tracked or neither tracked nor ignored."""
    # whoever runs the tests need not be who cloned
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in sorted(set(listed.split("\0"))) if name and (REPOSITORY / name).is_file()]


def lines() -> Iterator[Line]:
    """Yield every line of every text file."""
    for path in files():
        text = (REPOSITORY / path).read_bytes()
        if b"\0" in text:
            continue
        for number, line in enumerate(text.decode(errors="replace").splitlines(), start=1):
            yield Line(path, number, line)
