"""The demo as a person runs it: a live book becomes protected positions, and a summary that the exchange confirms."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from tests.flows.place import Place
from tests.flows.summary_shape import misfits
from tests.platform.processes import family, survivors

# One after the other, because each fills a processor and is measured; see `make test`.
pytestmark = pytest.mark.xdist_group("demo")

SHORT = ("demo", "--accounts", "2", "--speed", "5", "--no-web", "--json", "out.json")
AT_WORK = "| orders "
NAKED_BUDGET_MS = 2_000  # beyond it the position would have been closed; how fast it is stands in no test


def summary_in(place: Place) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((place.folder / "out.json").read_text())
    return summary


@pytest.mark.parametrize("attached_stops", ["grow", "none"])
def test_a_generated_market_becomes_protected_positions_and_a_summary_that_the_exchange_confirms(
    place: Place, attached_stops: str
) -> None:
    done = place.run(*SHORT, "--seconds", "10", "--attached-stops", attached_stops)
    assert (done.code, done.err) == (0, "")
    summary = summary_in(place)
    orders = summary["orders"]
    assert misfits(summary) == []
    assert orders["acknowledged"] > 0
    assert (orders["unknown"], orders["duplicates"], summary["positions_unprotected"]) == (0, 0, 0)
    assert summary["naked_ms"]["max"] < NAKED_BUDGET_MS
    assert summary["exchange"]["fills"] == summary["fills"] > 0
    assert place.left_running() == []


def test_ctrl_c_ends_the_run_with_its_summary(place: Place) -> None:
    demo = place.start(*SHORT)
    demo.wait_for(AT_WORK)
    demo.send(signal.SIGINT)
    done = demo.ended(within_s=20)
    assert (done.code, done.err) == (0, "")
    assert done.seconds < 10
    assert "Summary" in done.out
    assert misfits(summary_in(place)) == []
    assert place.left_running() == []


def test_a_stop_signal_while_starting_ends_quietly(place: Place) -> None:
    demo = place.start(*SHORT)
    demo.wait_for("starting the signer")
    demo.send(signal.SIGTERM)
    done = demo.ended(within_s=20)
    assert (done.code, done.err) == (0, "")
    assert done.seconds < 10
    assert place.left_running() == []


def test_kill_9_in_the_middle_of_a_run_leaves_no_process(place: Place) -> None:
    demo = place.start(*SHORT)
    demo.wait_for(AT_WORK)
    processes = family(demo.process.pid)
    demo.send(signal.SIGKILL)
    demo.ended(within_s=5)
    assert len(processes) > 8  # PostgreSQL's own, Redis, signer, exchange, workers, accounts, feed, the watchdog
    assert survivors(processes, within_s=10) == set()
    assert place.left_running(within_s=0) == []


def test_a_second_demo_on_the_same_folder_is_refused_and_leaves_the_first_alone(place: Place) -> None:
    first = place.start(*SHORT)
    first.wait_for("starting the signer")
    second = place.run(*SHORT)
    assert first.process.poll() is None
    assert second.code == 2
    assert second.err.count("\n") == 1
    assert "is in use by another process" in second.err
