"""PostgreSQL and Redis for as long as a `with` block lasts: those the environment names, else our own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from obiwork_project.env import celery_broker_url
from obiwork_project.services.binaries import find_postgres, find_redis, reachable_postgres
from obiwork_project.services.folders import Folders, run_folders
from obiwork_project.services.given import check_database, check_redis
from obiwork_project.services.postgres_server import (
    create_role_and_database,
    database_url,
    end_leftover,
    initialise,
    postgres_child,
    stored_major,
)
from obiwork_project.services.redis_server import redis_child, redis_url
from obiwork_project.supervisor import Child, Supervisor


class Services(NamedTuple):
    """Addresses that answer. `sockets` is a short private folder for the sockets of other processes."""

    database_url: str
    redis_url: str
    broker_url: str
    sockets: Path
    logs: Path

    def environment(self) -> dict[str, str]:
        """Return the environment variables that settings read."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


@contextmanager
def embedded_services(
    run_dir: Path,
    *,
    fresh: bool = True,
    durable: bool = True,
    environ: Mapping[str, str] = os.environ,
    supervisor: Supervisor | None = None,
) -> Iterator[Services]:
    """Start what `DATABASE_URL` and `REDIS_URL` do not name and stop it at the end; check what they do name.

    With ``fresh`` the database of an earlier run is removed. ``durable=False`` is for tests only. A given
    supervisor watches over the servers; leaving the block stops them and every stage started after them.
    Main thread only.

    Raises: ServicesError (one line for a person), SupervisorError.
    """
    given_database, given_redis = environ.get("DATABASE_URL"), environ.get("REDIS_URL")
    if given_database:
        check_database(given_database)
    if given_redis:
        check_redis(given_redis)
    with ExitStack() as stack:
        folders = stack.enter_context(run_folders(run_dir))
        mine = supervisor or stack.enter_context(Supervisor(log_dir=folders.logs))
        stack.callback(mine.stop_back_to, mine.stage_count)
        for folder in (folders.sockets, folders.postgres_sockets):
            mine.remove_folder_at_the_end(folder)
        children = []
        if not given_redis:
            children.append(redis_child(find_redis(environ), folders))
        if not given_database:
            children.append(_prepared_postgres(folders, fresh=fresh, durable=durable, environ=environ))
        mine.start(*children)
        if not given_database:
            create_role_and_database(folders)
        redis_address = given_redis or redis_url(folders)
        yield Services(
            database_url=given_database or database_url(folders),
            redis_url=redis_address,
            broker_url=celery_broker_url(redis_address),
            sockets=folders.sockets,
            logs=folders.logs,
        )


def _prepared_postgres(folders: Folders, *, fresh: bool, durable: bool, environ: Mapping[str, str]) -> Child:
    end_leftover(folders.postgres_data)
    if fresh:
        shutil.rmtree(folders.postgres_data, ignore_errors=True)
    stored = stored_major(folders.postgres_data)
    found = find_postgres(environ, major=stored)
    programs = reachable_postgres(found, account=folders.account, copy_to=folders.postgres_sockets / "programs")
    if stored is None:
        initialise(programs, folders, durable=durable)
    return postgres_child(programs, folders, durable=durable)
