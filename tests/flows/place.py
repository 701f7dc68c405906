"""A place for one flow: a folder, an environment, and every process that was started in it, to its last descendant."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parents[2]
_PROC = Path("/proc")
_MARK = "OBIWORK_FLOW_MARK"
# What the suite's own services and settings have put into the environment is not for the demo.
_OURS = ("DATABASE_URL", "REDIS_URL", "DJANGO_", "OBIWORK_", "EXCHANGE_", "SIGNER_", "MARKET_SPEED", "HOT_SHARDS")


class Ended(NamedTuple):
    """What a command said and how it ended."""

    code: int
    out: str
    err: str
    seconds: float


class Started:
    """A running command whose output can be waited for."""

    def __init__(self, process: subprocess.Popen[bytes], *, out: Path, err: Path) -> None:
        self.process = process
        self._out, self._err = out, err
        self._begun = time.monotonic()

    def wait_for(self, text: str, *, within_s: float = 40.0) -> None:
        """Wait until the standard output holds a text. Raises: AssertionError if it ends or is late."""
        deadline = time.monotonic() + within_s
        while text not in self._out.read_text():
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self._err.read_text()}"
            assert time.monotonic() < deadline, f"no {text!r} within {within_s} s: {self._out.read_text()}"
            time.sleep(0.05)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, from which on `seconds` counts."""
        self._begun = time.monotonic()
        self.process.send_signal(number)

    def ended(self, *, within_s: float) -> Ended:
        """Wait for the end. Raises: subprocess.TimeoutExpired."""
        code = self.process.wait(within_s)
        return Ended(code, self._out.read_text(), self._err.read_text(), time.monotonic() - self._begun)


class Place:
    """Runs `obiwork` with a run folder, a temporary folder and a mark of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mark = secrets.token_hex(8)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        self.environ = inherited | {
            "OBIWORK_RUN_DIR": str(folder / "run"),
            "TMPDIR": str(folder),
            "PYTHONPATH": str(REPOSITORY),
            _MARK: self._mark,
        }
        self._count = 0

    def start(self, *arguments: str, **environ: str) -> Started:
        """Start `obiwork` with these arguments."""
        self._count += 1
        out, err = self.folder / f"{self._count}.out", self.folder / f"{self._count}.err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "obiwork_project.cli", *arguments],
                cwd=self.folder,
                env=self.environ | environ,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        return Started(process, out=out, err=err)

    def run(self, *arguments: str, within_s: float = 90.0, **environ: str) -> Ended:
        """Run `obiwork` with these arguments to its end."""
        return self.start(*arguments, **environ).ended(within_s=within_s)

    def left_running(self, *, within_s: float = 1.0) -> list[str]:
        """Return the command lines of what still runs here after so long, at once when that is nothing."""
        deadline = time.monotonic() + within_s
        while (pids := list(self._pids())) and time.monotonic() < deadline:
            time.sleep(0.05)
        return [_command_line(pid) for pid in pids]

    def kill_everything(self) -> None:
        """Leave nothing behind, even when the test has failed."""
        for pid in self._pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.left_running(within_s=5)

    def _pids(self) -> Iterator[int]:
        for name in os.listdir(_PROC):
            if name.isdigit() and self._is_here(_PROC / name):
                yield int(name)

    def _is_here(self, process: Path) -> bool:
        """Tell by mark or by folder: servers that show their work as their name have overwritten their environment."""
        try:
            mark = f"{_MARK}={self._mark}".encode()
            marked = mark in (process / "environ").read_bytes().split(b"\0")
            return marked or (process / "cwd").readlink().is_relative_to(self.folder)
        except OSError:  # ended, a kernel's thread, or another user's
            return False


@contextmanager
def new_place() -> Iterator[Place]:
    """Make a place that the database's user can reach, with a short name for the sockets in it."""
    with TemporaryDirectory(prefix="obi-flow-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        place = Place(Path(folder))
        try:
            yield place
        finally:
            place.kill_everything()


def _command_line(pid: int) -> str:
    try:
        return (_PROC / str(pid) / "cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return f"process {pid}, which has just ended"
