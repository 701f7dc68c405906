"""The command line: choose markets and accounts, serve until stopped."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import orjson

from recordings.errors import RecordingError
from sandbox.clock import RunningClock
from sandbox.errors import CannotStart
from sandbox.keys import key_pairs
from sandbox.market.replay import Replay
from sandbox.market.sources import MarketData, choose_market_data
from sandbox.server import HOST, bind, make_app, open_desk, serve
from sandbox.settings import AttachedStops, Settings
from sandbox.web.desk import Desk

EXIT_BAD_INPUT = 2
_MAX_ACCOUNTS = 10_000
_MAX_PORT = 65_535
_FIRST_BOOKS_S = 2.0


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the local exchange until SIGTERM or Ctrl-C; return the exit code."""
    options = _parser().parse_args(argv)
    try:
        data = choose_market_data(
            recording=options.recording,
            generator_seed=options.generator,
            seed=options.seed,
            symbols=options.symbol,
            start_ns=time.time_ns(),
        )
        listener = bind(options.port)
    except (CannotStart, RecordingError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    with listener:
        return asyncio.run(_serve(options, data, listener))


async def _serve(options: argparse.Namespace, data: MarketData, listener: socket.socket) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    pairs = key_pairs(options.accounts, seed=options.seed)
    desk = open_desk(
        data.specs,
        [pair.api_key for pair in pairs],
        clock=RunningClock(speed=options.speed),
        settings=Settings(attached_stops=AttachedStops(options.attached_stops)),
    )
    runner = await serve(make_app(desk), listener)
    replay = asyncio.create_task(Replay(desk, data.open_source, speed=options.speed, once=options.once).run())
    stopping = asyncio.create_task(stopped.wait())
    try:
        await _first_books(desk, replay)
        port = listener.getsockname()[1]
        accounts = [pair._asdict() for pair in pairs]
        if options.accounts_file is not None:
            _write_private(options.accounts_file, _ready_line(port, data, accounts))
            accounts = [{"api_key": pair.api_key} for pair in pairs]  # who reads the output has no need of secrets
        print(_ready_line(port, data, accounts).decode(), flush=True)
        await asyncio.wait({replay, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return _outcome(replay)
    except CannotStart as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    finally:
        replay.cancel()
        stopping.cancel()
        await runner.cleanup()


async def _first_books(desk: Desk, replay: asyncio.Task[None]) -> None:
    """Wait until every market has a book, but not for long: a recorded market may begin later than others."""
    deadline = time.monotonic() + _FIRST_BOOKS_S
    while time.monotonic() < deadline and not replay.done():
        if all(market.mark_ticks is not None for market in desk.markets()):
            return
        await asyncio.sleep(0.005)


def _outcome(replay: asyncio.Task[None]) -> int:
    """The replay only ends by itself when its source turns out to be broken."""
    error = replay.exception() if replay.done() else None
    if error is None:
        return 0
    if not isinstance(error, RecordingError):
        raise error
    print(f"sandbox: {error}", file=sys.stderr)
    return EXIT_BAD_INPUT


def _ready_line(port: int, data: MarketData, accounts: Sequence[dict[str, str]]) -> bytes:
    return orjson.dumps(
        {
            "rest": f"http://{HOST}:{port}",
            "ws": f"ws://{HOST}:{port}/",
            "symbols": [spec.symbol for spec in data.specs],
            "accounts": accounts,
        }
    )


def _write_private(path: Path, line: bytes) -> None:
    """Write a file that its owner alone can read. Raises: CannotStart."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(line + b"\n")
    except OSError as error:
        raise CannotStart(f"the accounts cannot be written to {path}: {error.strerror}") from error


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_BAD_INPUT, f"{self.prog}: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(
        prog="sandbox",
        description="A local exchange that speaks Backpack's protocol. Prints one JSON line when ready.",
    )
    parser.add_argument("--port", type=_port, default=0, help="port of 127.0.0.1, 0 takes a free one (default)")
    parser.add_argument("--accounts", type=_accounts, default=1, help="how many accounts, each with 10,000 USDC")
    parser.add_argument("--seed", type=int, help="derives the accounts' keys, so that a run can be repeated")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--recording", type=Path, help="folder of a recording to replay")
    source.add_argument("--generator", type=int, metavar="SEED", help="seed of a generated market (default)")
    parser.add_argument("--speed", type=_speed, default=1.0, help="market time per wall time")
    parser.add_argument("--once", action="store_true", help="do not start a recording again at its end")
    parser.add_argument(
        "--attached-stops",
        choices=[mode.value for mode in AttachedStops],
        default=AttachedStops.GROW.value,
        help="what becomes of a stop inside an entry that fills piece by piece",
    )
    parser.add_argument("--symbol", action="append", default=[], help="market to open; may be given several times")
    parser.add_argument("--accounts-file", type=Path, help="also write the ready line here, readable by the owner only")
    return parser


def _port(text: str) -> int:
    return _whole(text, least=0, most=_MAX_PORT)


def _accounts(text: str) -> int:
    return _whole(text, least=1, most=_MAX_ACCOUNTS)


def _whole(text: str, *, least: int, most: int) -> int:
    value = int(text)
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"must be {least} to {most}")
    return value


def _speed(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1_000:
        raise argparse.ArgumentTypeError("must be above 0 and at most 1000")
    return value
