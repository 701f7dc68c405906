"""Options of `obiwork demo`, checked before anything starts."""

from __future__ import annotations

import argparse
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from obiwork_project.demo.errors import DemoError
from recordings.errors import RecordingError
from recordings.recording import Recording

GENERATED_SYMBOLS = ("BTC_USDC_PERP", "ETH_USDC_PERP", "SOL_USDC_PERP")
MAX_ACCOUNTS = 50  # one thread and one connection each: more belong on more than one machine
ATTACHED_STOPS = ("grow", "fixed", "child", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What the demo runs. Units: seconds of wall time (None: until Ctrl-C), `speed` market time over wall time."""

    seconds: float | None
    accounts: int
    mode: str
    symbols: tuple[str, ...]
    recording: Path | None
    generator: int
    speed: float
    attached_stops: str
    json_path: Path | None
    web: bool
    port: int | None
    keep: bool


def parse(argv: Sequence[str] | None) -> DemoOptions:
    """Return checked options. Raises: DemoError; SystemExit after --help."""
    given = _parser().parse_args(argv)
    if given.seconds is not None and not given.seconds > 0:  # "nan" is neither
        raise DemoError("--seconds must be more than 0")
    if not 1 <= given.accounts <= MAX_ACCOUNTS:
        raise DemoError(f"--accounts must be between 1 and {MAX_ACCOUNTS}")
    if not 0 < given.speed <= 1_000:
        raise DemoError("--speed must be more than 0 and at most 1000")
    if given.port is not None:
        _check_port(given.port)
    if given.json is not None:
        _check_writable(given.json)
    return DemoOptions(
        seconds=given.seconds,
        accounts=given.accounts,
        mode=given.mode,
        symbols=_symbols(given.recording, tuple(given.symbol)),
        recording=None if given.recording is None else given.recording.resolve(),
        generator=given.generator,
        speed=given.speed,
        attached_stops=given.attached_stops,
        json_path=given.json,
        web=not given.no_web,
        port=given.port,
        keep=given.keep,
    )


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise DemoError(f"{message}; see {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(
        prog="obiwork demo", description="Run the whole system on paper: local exchange, feed, workers, admin, Flower."
    )
    parser.add_argument("--seconds", type=float, help="stop after so long and print the summary (default: Ctrl-C)")
    parser.add_argument("--accounts", type=int, default=5, help="customers with an account each (default: 5)")
    parser.add_argument("--mode", choices=("scalp",), default="scalp")
    parser.add_argument("--symbol", action="append", default=[], help="repeatable (default: all there are)")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--recording", type=Path, help="replay this recording (see `obiwork import`)")
    source.add_argument("--generator", type=int, default=1, metavar="SEED", help="seed of the generated market")
    parser.add_argument("--speed", type=float, default=1.0, help="market time over wall time (default: 1)")
    parser.add_argument(
        "--attached-stops",
        choices=ATTACHED_STOPS,
        default="grow",
        help="how the local exchange treats the stop inside an entry (default: it grows with the fills)",
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the summary here")
    parser.add_argument("--no-web", action="store_true", help="without the admin and Flower")
    parser.add_argument("--port", type=int, help="port of the web server (default: 8000, or a free one)")
    parser.add_argument("--keep", action="store_true", help="keep the database of the last demo")
    return parser


def _symbols(recording: Path | None, wanted: tuple[str, ...]) -> tuple[str, ...]:
    if recording is None:
        unknown = sorted(set(wanted) - set(GENERATED_SYMBOLS))
        if unknown:
            raise DemoError(f"the generated market has no {', '.join(unknown)}; it has {', '.join(GENERATED_SYMBOLS)}")
        return wanted or GENERATED_SYMBOLS
    try:
        opened = Recording.open(recording)
        return tuple(opened.market(symbol).symbol for symbol in wanted) or tuple(opened.markets)
    except RecordingError as error:
        raise DemoError(str(error)) from error


def _check_port(port: int) -> None:
    if not 1 <= port <= 65_535:
        raise DemoError(f"--port {port} is not a port")
    if not port_is_free(port):
        raise DemoError(f"port {port} is in use: give another --port, or none to take a free one")


def port_is_free(port: int) -> bool:
    """Return whether a server could listen on a port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port of this machine that nobody listens on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _check_writable(path: Path) -> None:
    folder = path.resolve().parent
    if not folder.is_dir():
        raise DemoError(f"--json {path}: there is no folder {folder}")
    if path.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        raise DemoError(f"--json {path} cannot be written")
