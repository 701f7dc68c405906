"""Pytest plugin: one PostgreSQL and one Redis per test session, shared by all parallel workers.

Loaded with ``-p obiwork_project.services.testing``. It starts the servers before pytest-django reads the
settings and puts their addresses into the environment, which the workers of pytest-xdist inherit. Each worker
gets a Redis database of its own; pytest-django makes the PostgreSQL databases. Addresses that the environment
already names are used as they are.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from obiwork_project.services.embedded import embedded_services
from obiwork_project.services.errors import ServicesError
from obiwork_project.services.redis_server import DATABASES
from obiwork_project.supervisor import Supervisor, SupervisorError

_WITHOUT_TESTS = {"-h", "--help", "-V", "--version"}


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> Generator[None, None, None]:
    """Start the servers: a wrapper comes before pytest-django's own hook, which reads the settings."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is not None:
        os.environ["REDIS_URL"] = redis_url_of_worker(os.environ["REDIS_URL"], worker=worker)
    elif _WITHOUT_TESTS.isdisjoint(args):
        stack = ExitStack()
        early_config.add_cleanup(stack.close)
        _start(stack)
    return (yield)


def redis_url_of_worker(url: str, *, worker: str) -> str:
    """Return the address of a worker's own Redis database; 0 stays with the process that started them."""
    number = 1 + int(worker.removeprefix("gw")) % (DATABASES - 1)
    if url.startswith("unix://"):
        return re.sub(r"([?&]db=)\d+", rf"\g<1>{number}", url)
    address, _, query = url.partition("?")
    base = re.sub(r"(?<=[^/])/\d*$", "", address)
    return f"{base}/{number}" + (f"?{query}" if query else "")


def _start(stack: ExitStack) -> None:
    run_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="obi-test-")))
    run_dir.chmod(0o711)  # the database's user must get through to its own folder
    try:
        supervisor = stack.enter_context(Supervisor(log_dir=run_dir / "logs"))
        supervisor.remove_folder_at_the_end(run_dir)
        services = stack.enter_context(embedded_services(run_dir, durable=False, supervisor=supervisor))
    except (ServicesError, SupervisorError) as error:
        raise pytest.UsageError(str(error)) from error
    os.environ.update(services.environment())
