"""`obiwork demo`: starts everything in order, shows it at work, stops it, and writes the summary."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from obiwork_project.demo import processes
from obiwork_project.demo.errors import DemoError
from obiwork_project.demo.options import DemoOptions, free_port, parse, port_is_free
from obiwork_project.env import BASE_DIR
from obiwork_project.services import Services, ServicesError, chosen_run_dir, embedded_services
from obiwork_project.supervisor import StopRequested, Supervisor, SupervisorError

WEB_PORT, FLOWER_PORT = 8000, 5555
HOT_SHARDS = 1
# market time: a recording has a frame every half second at best, a generated market many a second
BOOK_AGE_MS_RECORDED, BOOK_AGE_MS_GENERATED = 2_000, 1_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo and return its exit code: 0, or 2 with one line when something given does not work."""
    try:
        options = parse(argv)
        return _run(options)
    except StopRequested:  # Ctrl-C while starting: there is nothing to sum up yet
        return 0
    except (DemoError, ServicesError, SupervisorError) as error:
        print(f"obiwork demo: {error}", file=sys.stderr)
        return 2


def _run(options: DemoOptions) -> int:
    run_dir = chosen_run_dir()
    fresh = not options.keep
    with ExitStack() as stack:
        supervisor = stack.enter_context(Supervisor(log_dir=run_dir / "logs", handle_signals=True))
        _say("starting PostgreSQL and Redis …")
        services = stack.enter_context(embedded_services(run_dir, fresh=fresh, supervisor=supervisor))
        private = _private_folder(services)
        _start_exchange(options, services, private, supervisor)
        _prepare_django()
        # imported only now: Django's models need the environment that was just made
        from obiwork_project.demo.run import DemoRun  # noqa: PLC0415

        password = secrets.token_urlsafe(9)
        run = DemoRun(options=options, keys=_accounts(private / "accounts.json"), shards=HOT_SHARDS)
        run.seed(operator_password=password, max_book_age_ms=_book_age_ms(options))
        _say("starting workers, accounts process and feed …")
        supervisor.start(*processes.workers(shards=HOT_SHARDS))
        supervisor.start(processes.feed())
        if options.web:
            _start_web(options, supervisor, password)
        return run.watch(supervisor)


def _start_exchange(options: DemoOptions, services: Services, private: Path, supervisor: Supervisor) -> None:
    socket_path = services.sockets / "signer.sock"
    accounts_file = private / "accounts.json"
    os.environ.update(
        services.environment(),
        DJANGO_SETTINGS_MODULE="obiwork_project.settings.local",
        SIGNER_SOCKET=str(socket_path),
        MARKET_SPEED=str(options.speed),
        HOT_SHARDS=str(HOT_SHARDS),
        PYTHONPATH=str(BASE_DIR),
    )
    _say("starting the signer and the local exchange …")
    supervisor.start(
        processes.signer(socket_path=socket_path, keys_path=private / "keys.json"),
        processes.sandbox(options, accounts_file=accounts_file),
    )
    ready = json.loads(accounts_file.read_text())
    os.environ.update(EXCHANGE_REST_URL=ready["rest"], EXCHANGE_WS_URL=ready["ws"])


def _prepare_django() -> None:
    import django  # noqa: PLC0415 - the environment has to be complete before settings are read
    from django.core.management import call_command  # noqa: PLC0415

    _say("preparing the database …")
    django.setup()
    call_command("migrate", verbosity=0)


def _start_web(options: DemoOptions, supervisor: Supervisor, password: str) -> None:
    web_port = options.port or (WEB_PORT if port_is_free(WEB_PORT) else free_port())
    flower_port = FLOWER_PORT if port_is_free(FLOWER_PORT) else free_port()
    supervisor.start(
        processes.web(port=web_port), processes.flower(port=flower_port, login=f"olga@demo.local:{password}")
    )
    _say(f"admin:  http://127.0.0.1:{web_port}/admin/   olga@demo.local / {password}")
    _say(f"Flower: http://127.0.0.1:{flower_port}/   the same login")


def _private_folder(services: Services) -> Path:
    folder = services.sockets / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


def _accounts(path: Path) -> list[dict[str, str]]:
    accounts: list[dict[str, str]] = json.loads(path.read_text())["accounts"]
    path.unlink()  # the secrets are sealed from here on
    return accounts


def _book_age_ms(options: DemoOptions) -> int:
    return BOOK_AGE_MS_GENERATED if options.recording is None else BOOK_AGE_MS_RECORDED


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)
