"""The supervisor with real processes."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from obiwork_project.supervisor import (
    Child,
    ChildFailed,
    FileReady,
    LineReady,
    Policy,
    ProbeReady,
    SocketReady,
    Supervisor,
)
from tests.platform.processes import family, survivors, wait_for_file

STUBBORN_FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
stay = [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"]
subprocess.Popen(stay)
subprocess.Popen(stay, start_new_session=True)
print("family complete", flush=True)
time.sleep(60)
"""

LISTENER = """
import socket, sys, time
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
time.sleep(60)
"""


def shell(name: str, script: str, **options: object) -> Child:
    """Return a child that runs a shell script."""
    return Child(name=name, argv=("sh", "-c", script), **options)  # type: ignore[arg-type]


def test_a_ready_line_is_waited_for_and_returned(tmp_path: Path) -> None:
    child = shell("one", "echo starting; sleep 0.1; echo 'ready at 7'; sleep 60", ready=LineReady(r"^ready"))
    with Supervisor(log_dir=tmp_path) as supervisor:
        lines = supervisor.start(child)
    assert lines == {"one": "ready at 7"}
    assert (tmp_path / "one.log").read_text() == "starting\nready at 7\n"


def test_a_file_a_socket_and_a_probe_each_say_ready(tmp_path: Path) -> None:
    file = tmp_path / "sign"
    file.write_text("of an earlier life")
    path = tmp_path / "s"
    with Supervisor(log_dir=tmp_path) as supervisor:
        supervisor.start(
            shell("file", f"sleep 0.1; echo new > {file}; sleep 60", ready=FileReady(file)),
            Child(name="socket", argv=(sys.executable, "-c", LISTENER, str(path)), ready=SocketReady(path)),
            shell("probe", "sleep 60", ready=ProbeReady(path.exists)),
        )
        assert file.read_text() == "new\n"
        assert socket.socket(socket.AF_UNIX).connect_ex(str(path)) == 0


def test_a_child_that_dies_before_it_is_ready_is_quoted_in_one_line(tmp_path: Path) -> None:
    child = shell("broken", "echo first; echo 'no such port' >&2; exit 3", ready=LineReady("never"))
    with Supervisor(log_dir=tmp_path) as supervisor, pytest.raises(ChildFailed) as caught:
        supervisor.start(child)
    assert str(caught.value) == "broken ended with exit code 3; its log ends: first | no such port"


def test_a_child_that_is_never_ready_fails_after_its_time(tmp_path: Path) -> None:
    child = shell("late", "sleep 60", ready=LineReady("never"), ready_timeout_s=0.2)
    with (
        Supervisor(log_dir=tmp_path) as supervisor,
        pytest.raises(ChildFailed, match=r"not ready within 0\.2 s"),
    ):
        supervisor.start(child)


def test_a_command_that_does_not_exist_fails_with_its_name(tmp_path: Path) -> None:
    with (
        Supervisor(log_dir=tmp_path) as supervisor,
        pytest.raises(ChildFailed, match="ghost cannot be started"),
    ):
        supervisor.start(Child(name="ghost", argv=("/no/such/program",)))


def test_a_crash_only_child_is_started_again_with_what_it_left_removed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    child = shell("worker", "sleep 60 & echo up; wait", ready=LineReady("up"), policy=Policy.RESTART)
    with Supervisor(log_dir=tmp_path) as supervisor, caplog.at_level(logging.WARNING):
        supervisor.start(child)
        first = family(supervisor.pid_of("worker"))
        os.kill(supervisor.pid_of("worker"), signal.SIGKILL)
        supervisor.watch(seconds=1.0)
        second = supervisor.pid_of("worker")
    assert second not in {one.pid for one in first}
    assert survivors(first, within_s=0) == set()
    assert "worker was ended by SIGKILL and is started again" in caplog.text


def test_a_child_that_must_not_die_fails_the_whole(tmp_path: Path) -> None:
    child = shell("database", "echo up; sleep 0.3; echo 'disk full'; exit 1", ready=LineReady("up"))
    with Supervisor(log_dir=tmp_path) as supervisor:
        supervisor.start(child)
        with pytest.raises(ChildFailed, match=r"^database ended with exit code 1; .* up \| disk full$"):
            supervisor.watch(seconds=10)


def test_stages_stop_in_reverse_order(tmp_path: Path) -> None:
    order = tmp_path / "order"
    script = f"trap 'echo %s >> {order}; exit 0' TERM; echo up; while :; do sleep 0.02; done"
    with Supervisor(log_dir=tmp_path) as supervisor:
        for name in ("first", "second", "third"):
            supervisor.start(shell(name, script % name, ready=LineReady("up")))
    assert order.read_text().split() == ["third", "second", "first"]


def test_a_stubborn_family_is_gone_after_stop_and_quickly(tmp_path: Path) -> None:
    child = Child(
        name="stubborn",
        argv=(sys.executable, "-c", STUBBORN_FAMILY),
        ready=LineReady("family complete"),
        stop_timeout_s=0.3,
    )
    with Supervisor(log_dir=tmp_path) as supervisor:
        supervisor.start(child)
        processes = family(supervisor.pid_of("stubborn"))
        begun = time.monotonic()
    assert len(processes) == 3
    assert survivors(processes, within_s=1) == set()
    assert time.monotonic() - begun < 5


def test_a_second_thread_may_not_start_processes(tmp_path: Path) -> None:
    # The kernel's parent-death signal follows the spawning thread, so this would kill the child early.
    with Supervisor(log_dir=tmp_path) as supervisor, ThreadPoolExecutor(1) as pool:
        refused = pool.submit(supervisor.start, shell("one", "sleep 60")).exception()
    assert isinstance(refused, RuntimeError)


DRIVER = f"""
import pathlib, sys
from obiwork_project.supervisor import Child, LineReady, Supervisor
log_dir = pathlib.Path(sys.argv[1])
with Supervisor(log_dir=log_dir, handle_signals=True) as supervisor:
    for name in ("one", "two"):
        supervisor.start(Child(name=name, argv=(sys.executable, "-c", {STUBBORN_FAMILY!r}),
                               ready=LineReady("family complete"), stop_timeout_s=1.0))
    (log_dir / "started").write_text("yes")
    supervisor.watch()
"""


@pytest.fixture
def driver(tmp_path: Path) -> subprocess.Popen[bytes]:
    """Return a running supervisor in a process of its own, over two families that ignore SIGTERM."""
    process = subprocess.Popen([sys.executable, "-c", DRIVER, str(tmp_path)], start_new_session=True)
    wait_for_file(tmp_path / "started")
    return process


def test_nothing_is_left_after_the_supervisor_was_killed(driver: subprocess.Popen[bytes]) -> None:
    processes = family(driver.pid)
    driver.kill()
    driver.wait()
    assert len(processes) == 8  # the supervisor, its watchdog, two families of three
    assert survivors(processes, within_s=10) == set()


def test_nothing_is_left_after_the_watchdog_and_then_the_supervisor_were_killed(
    driver: subprocess.Popen[bytes],
) -> None:
    watchdog = min(one.pid for one in family(driver.pid) if b"watchdog.py" in _command_line(one.pid))
    os.kill(watchdog, signal.SIGKILL)
    time.sleep(0.5)  # the supervisor looks every 0.1 s
    processes = family(driver.pid)
    driver.kill()
    driver.wait()
    assert watchdog not in {one.pid for one in processes}
    assert survivors(processes, within_s=10) == set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_ends_everything_cleanly_and_fast(
    driver: subprocess.Popen[bytes], number: signal.Signals
) -> None:
    processes = family(driver.pid)
    begun = time.monotonic()
    driver.send_signal(number)
    assert driver.wait(10) == 0
    assert survivors(processes, within_s=1) == set()
    assert time.monotonic() - begun < 5


def _command_line(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
