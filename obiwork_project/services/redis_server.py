"""Our own Redis (or Valkey): in memory only, on one private unix socket."""

from __future__ import annotations

import signal
from pathlib import Path

import redis

from obiwork_project.services.folders import Folders
from obiwork_project.supervisor import Child, ProbeReady

# One database number per parallel test process; a server without TCP has no other way to keep them apart.
DATABASES = 64


def redis_child(program: Path, folders: Folders) -> Child:
    """Return the server as a child to supervise.

    Nothing is written to disk: the database row is the truth, the broker only wakes people up.
    """
    socket = _socket(folders)
    return Child(
        name="redis",
        argv=(
            *(str(program), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
            *("--save", "", "--appendonly", "no", "--databases", str(DATABASES)),
            *("--dir", str(folders.sockets), "--daemonize", "no", "--maxmemory-policy", "noeviction"),
        ),
        cwd=Path("/"),
        ready=ProbeReady(lambda: _answers(socket)),
        stop_signal=signal.SIGTERM,
        orphan_signal=signal.SIGTERM,
    )


def redis_url(folders: Folders) -> str:
    """Return the address as redis-py and Django's cache take it."""
    return f"unix://{_socket(folders)}?db=0"


def _socket(folders: Folders) -> Path:
    return folders.sockets / "redis.sock"


def _answers(socket: Path) -> bool:
    if not socket.exists():
        return False
    with redis.Redis(unix_socket_path=str(socket), socket_timeout=1) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
