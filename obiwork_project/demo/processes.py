"""Processes of the demo, as the supervisor starts them."""

from __future__ import annotations

import sys
from pathlib import Path

from obiwork_project.demo.options import DemoOptions
from obiwork_project.supervisor import Child, LineReady, Policy, SocketReady

PYTHON = sys.executable


def signer(*, socket_path: Path, keys_path: Path) -> Child:
    """Return the only process that can open an API secret."""
    return Child(
        name="signer",
        argv=(PYTHON, "-m", "signer", "--socket", str(socket_path), "--keys", str(keys_path), "--create-keys"),
        ready=SocketReady(socket_path),
        policy=Policy.RESTART,
    )


def sandbox(options: DemoOptions, *, accounts_file: Path) -> Child:
    """Return the local exchange; its ready line carries the accounts, so they go to a private file instead."""
    argv = [PYTHON, "-m", "sandbox", "--port", "0", "--accounts", str(options.accounts)]
    argv += ["--attached-stops", options.attached_stops, "--speed", str(options.speed)]
    argv += ["--accounts-file", str(accounts_file)]
    if options.recording is not None:
        argv += ["--recording", str(options.recording)]
    else:
        argv += ["--generator", str(options.generator)]
    for symbol in options.symbols:
        argv += ["--symbol", symbol]
    return Child(name="sandbox", argv=tuple(argv), ready=LineReady(r'"rest"'))


def workers(*, shards: int) -> list[Child]:
    """Return accounts processes and workers: one hot worker of concurrency 1 per shard, one for protection."""
    # protection waits for the exchange most of its time, so several positions are protected at once, in threads
    children = [_worker("protect", queue="protect", pool="threads", concurrency=8)]
    for shard in range(shards):
        children.append(_manage(f"accounts-{shard}", "runaccounts", "--shard", str(shard), ready="accounts ready"))
        # solo: the task runs in the process that took it, which saves a hop; one account is sized by one process only
        children.append(_worker(f"hot-{shard}", queue=f"hot.{shard}", pool="solo", concurrency=1))
    return children


def feed() -> Child:
    """Return the feed, to be started when somebody is there to evaluate."""
    return _manage("feed", "runfeed", ready="feed ready")


def web(*, port: int) -> Child:
    """Return the web server with the admin."""
    argv = (PYTHON, "-m", "uvicorn", "obiwork_project.asgi:application", "--host", "127.0.0.1", "--port", str(port))
    return Child(
        name="web",
        argv=(*argv, "--timeout-graceful-shutdown", "3", "--no-access-log"),
        ready=SocketReady(("127.0.0.1", port)),
    )


def flower(*, port: int, login: str) -> Child:
    """Return Flower, which shows workers and tasks; the login goes through the environment, not the command line."""
    argv = (PYTHON, "-m", "celery", "-A", "celery_app", "flower", "--address=127.0.0.1", f"--port={port}")
    return Child(name="flower", argv=argv, env={"FLOWER_BASIC_AUTH": login}, ready=SocketReady(("127.0.0.1", port)))


def _manage(name: str, *arguments: str, ready: str) -> Child:
    argv = (PYTHON, "-m", "django", *arguments)
    return Child(name=name, argv=argv, ready=LineReady(ready), policy=Policy.RESTART)


def _worker(name: str, *, queue: str, pool: str, concurrency: int) -> Child:
    argv = (PYTHON, "-m", "celery", "-A", "celery_app", "worker", "-Q", queue, "-n", f"{name}@%h", "-E")
    # neither pool has processes of its own that could be left behind when the worker is killed
    return Child(
        name=f"worker-{name}",
        argv=(*argv, "-P", pool, "-c", str(concurrency), "--without-gossip", "--without-mingle", "-l", "WARNING"),
        ready=LineReady("worker ready"),
        policy=Policy.RESTART,
    )
