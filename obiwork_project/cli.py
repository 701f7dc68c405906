"""The `obiwork` command: finds the subcommand, imports only that, and hands the arguments over."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

_INTERRUPTED = 130  # as a shell reports Ctrl-C


class Command(NamedTuple):
    """Where a subcommand's `main(argv) -> int` lives, and what it does in half a line."""

    module: str
    summary: str


COMMANDS = {
    "demo": Command("obiwork_project.demo", "run the whole system on paper"),
    "sandbox": Command("sandbox.__main__", "run the local exchange alone"),
    "signer": Command("signer.__main__", "run the signing process"),
    "import": Command("recordings.cli", "convert a foreign recording into ours"),
    "services": Command("obiwork_project.services.__main__", "run PostgreSQL and Redis, or a command with both"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand and return its exit code; bad usage ends with code 2 and one line."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] not in COMMANDS:
        return _explain(arguments)
    command = COMMANDS[arguments[0]]
    try:
        return int(importlib.import_module(command.module).main(arguments[1:]))
    except KeyboardInterrupt:
        return _INTERRUPTED


def _explain(arguments: list[str]) -> int:
    """Answer --help and --version; anything else is bad usage."""
    listing = "\n".join(f"  {name:<10} {command.summary}" for name, command in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="obiwork",
        usage="obiwork COMMAND [OPTIONS]",
        description="Order book imbalance trading, every position protected at the exchange.",
        epilog=f"commands:\n{listing}\n\n`obiwork COMMAND --help` explains one.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_version())
    _, unknown = parser.parse_known_args(arguments)
    wrong = f"no command {unknown[0]!r}" if unknown else "no command"
    print(f"obiwork: {wrong}: choose one of {', '.join(COMMANDS)}", file=sys.stderr)
    return 2


def _version() -> str:
    try:
        return f"obiwork {version('obiwork')}"
    except PackageNotFoundError:  # run from the source tree without `make setup`
        return "obiwork, not installed"


if __name__ == "__main__":
    raise SystemExit(main())
