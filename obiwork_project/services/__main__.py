"""`obiwork services`: PostgreSQL and Redis until Ctrl-C, or for as long as one command runs."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

from obiwork_project.services import Services, ServicesError, embedded_services
from obiwork_project.supervisor import StopRequested, Supervisor, SupervisorError
from obiwork_project.supervisor.spawn import dying_with_parent

_POLL_S = 0.05
_PATIENCE_S = 4.0
_BAD_USAGE = 2
_CANNOT_BE_STARTED = 127  # as a shell says it


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; the command's own where one is run."""
    options = _parser().parse_args(argv)
    try:
        return _run(options)
    except StopRequested:
        return 0
    except (ServicesError, SupervisorError) as error:
        print(f"obiwork services: {error}", file=sys.stderr)
        return 1


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(_BAD_USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(
        prog="obiwork services",
        description="Start PostgreSQL and Redis where DATABASE_URL and REDIS_URL name none. Without a "
        "command, print their addresses as one JSON line and run until Ctrl-C.",
    )
    parser.add_argument("--run-dir", type=Path, help="keep the state in this folder (default: a temporary one)")
    parser.add_argument("--fresh", action="store_true", help="with --run-dir: remove the state of an earlier run")
    parser.add_argument("command", nargs="*", metavar="-- COMMAND", help="run this with both addresses set")
    return parser


def _run(options: argparse.Namespace) -> int:
    with ExitStack() as stack:
        run_dir = options.run_dir
        if run_dir is None:
            run_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="obi-run-")))
            run_dir.chmod(0o711)  # the database's user must get through to its own folder
        supervisor = stack.enter_context(Supervisor(log_dir=run_dir / "logs", handle_signals=True))
        if options.run_dir is None:
            supervisor.remove_folder_at_the_end(run_dir)
        fresh = options.fresh or options.run_dir is None
        services = stack.enter_context(embedded_services(run_dir, fresh=fresh, supervisor=supervisor))
        if options.command:
            return _run_command(options.command, services, supervisor)
        print(json.dumps(services._asdict(), default=str), flush=True)
        supervisor.watch()
        return 0


def _run_command(command: list[str], services: Services, supervisor: Supervisor) -> int:
    """Run a command in the foreground and return its exit code; it keeps the terminal."""
    try:
        process = subprocess.Popen(
            command,
            env={**os.environ, **services.environment()},
            preexec_fn=dying_with_parent(signal.SIGTERM),  # noqa: PLW1509 - it takes no lock and loads nothing
        )
    except OSError as error:
        print(f"obiwork services: {command[0]} cannot be started: {error.strerror}", file=sys.stderr)
        return _CANNOT_BE_STARTED
    while process.poll() is None and not supervisor.watch(seconds=_POLL_S):
        pass
    return _shell_code(_end(process, with_ctrl_c=supervisor.last_signal is signal.SIGINT))


def _end(process: subprocess.Popen[bytes], *, with_ctrl_c: bool) -> int:
    """Wait for a command that was asked to stop; a terminal's Ctrl-C has reached it already."""
    if not with_ctrl_c:
        process.terminate()
    for more_force in (process.terminate, process.kill):
        try:
            return process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            more_force()
    return process.wait()


def _shell_code(code: int) -> int:
    return code if code >= 0 else 128 - code  # as a shell reports a signal


if __name__ == "__main__":
    raise SystemExit(main())
