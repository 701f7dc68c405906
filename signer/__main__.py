"""The signer process: `python -m signer --socket PATH --keys PATH [--create-keys] [--allow-uid UID ...]`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from signer.errors import SignerMisconfigured
from signer.hardening import forbid_core_dumps, silence_tracebacks
from signer.listening import Listening
from signer.operations import Operations
from signer.sealing import KeyRing, create_key_file
from signer.server import Server

MISCONFIGURED = 2
INIT_PID = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the signer until it is stopped; return the exit code (2: it cannot start like this)."""
    arguments = _parser().parse_args(argv)
    parent_pid = None if arguments.outlive_parent or os.getppid() == INIT_PID else os.getppid()
    forbid_core_dumps()
    silence_tracebacks()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    allowed_uids = frozenset({os.geteuid(), *arguments.allow_uid})
    try:
        if arguments.create_keys:
            create_key_file(arguments.keys)
        operations = Operations(KeyRing.load(arguments.keys))
        with Listening(arguments.socket, is_shared=len(allowed_uids) > 1) as listening:
            server = Server(listening.socket, operations.answer, allowed_uids=allowed_uids, parent_pid=parent_pid)
            server.take_signals()
            print(f"signer ready on {arguments.socket}", flush=True)
            server.run()
    except SignerMisconfigured as error:
        print(f"signer: {error}", file=sys.stderr)
        return MISCONFIGURED
    return 0


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(MISCONFIGURED, f"{self.prog}: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(prog="obiwork signer", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="unix socket to listen on")
    parser.add_argument("--keys", type=Path, required=True, help="key file, mode 0600")
    parser.add_argument("--create-keys", action="store_true", help="write the key file where there is none")
    parser.add_argument(
        "--allow-uid",
        type=int,
        action="append",
        default=[],
        metavar="UID",
        help="a user besides our own that may connect; opens the socket file, the kernel says who connects",
    )
    parser.add_argument("--outlive-parent", action="store_true", help="go on when the parent process ends")
    return parser


if __name__ == "__main__":
    sys.exit(main())
