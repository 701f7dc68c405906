"""Steps: move the accounts worker until something has happened, or hold back what it would be shown."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from accounts.models import ExchangeAccount
from trading.execution.accounts_worker import AccountsWorker
from trading.execution.stream_readers import Message, Received

PATIENCE_S = 5.0


class AtOnce(Executor):
    """Runs what it is given before it returns: after a step, what the step has started is over."""

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Run a call."""
        done: Future[Any] = Future()
        done.set_result(call(*arguments, **named))
        return done


def wait_until(happened: Callable[[], bool], *, patience_s: float = PATIENCE_S) -> None:
    """Wait for something that another thread does. Raises: AssertionError when it does not happen."""
    deadline = time.monotonic() + patience_s
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def step_until(worker: AccountsWorker, happened: Callable[[], bool], *, patience_s: float = PATIENCE_S) -> None:
    """Move the accounts worker until something has happened. Raises: AssertionError when it does not."""
    deadline = time.monotonic() + patience_s
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        worker.step()


def step_until_connected(worker: AccountsWorker) -> None:
    """Move the accounts worker until both accounts' private streams are open."""
    step_until(worker, lambda: len(worker.connected) == 2)


def step_until_watched(worker: AccountsWorker) -> None:
    """Move the accounts worker until both accounts' private streams are open and their first look has succeeded."""
    unwatched = ExchangeAccount.objects.filter(is_unwatched=True)
    step_until(worker, lambda: len(worker.connected) == 2 and not unwatched.exists())


def look_up_now(worker: AccountsWorker) -> None:
    """Have the worker ask about all accounts, and handle the answers."""
    step_until(worker, lambda: not worker.look_ups.running)
    worker.look_ups.executor = AtOnce()
    worker.next_at.update(questions=0.0, reconcile=0.0)
    worker.step()
    worker.step()
    worker.look_ups.executor = worker.executor


def take_until_shown(worker: AccountsWorker, **wanted: object) -> list[Message]:
    """Take messages away from the worker, up to the one whose frame has these fields; return them.

    Raises: queue.Empty when it does not come.
    """
    taken = [worker.messages.get(timeout=PATIENCE_S)]
    while not _has(taken[-1], wanted):
        taken.append(worker.messages.get(timeout=PATIENCE_S))
    return taken


def show_only(worker: AccountsWorker, messages: list[Message]) -> None:
    """Have the worker handle these messages; what its streams show from now on it never sees."""
    worker.messages = queue.SimpleQueue()
    for message in messages:
        worker.messages.put(message)
    worker.step()


def _has(message: Message, wanted: dict[str, object]) -> bool:
    return isinstance(message, Received) and wanted.items() <= message.frame.data.items()
