"""Summary: every figure from stored rows, and none where there is nothing to compute it from."""

from __future__ import annotations

from decimal import Decimal

from tests.kit.desk import Desk
from tests.kit.scenes import enter, leave
from tests.kit.steps import step_until
from trading.core.units import Side
from trading.execution.accounts_worker import AccountsWorker
from trading.models import Position
from trading.selectors import Run, distribution, plain, run_summary

D = Decimal


def test_a_run_without_orders_has_no_latency_no_naked_time_and_no_cost(desk: Desk) -> None:
    summary = run_summary(Run({desk.alice.pk}, 0), seconds=1.0)

    assert summary["tick_to_order_ms"] == {"count": 0, "p50": None, "p95": None, "p99": None, "max": None}
    assert summary["naked_ms"] == {"count": 0, "p50": None, "p99": None, "max": None}
    assert summary["cost_per_million_usd"] is None
    assert summary["orders"] == {"sent": 0, "acknowledged": 0, "rejected": 0, "unknown": 0, "duplicates": 0}


def test_a_losing_round_trip_is_summed_up_with_its_costs(desk: Desk, worker: AccountsWorker) -> None:
    enter(desk, worker)
    desk.exchange.book(bids=20, asks=20)
    leave(desk, worker)
    desk.evaluator.tallies.flush()

    summary = run_summary(Run({desk.alice.pk}, 0), seconds=1.0)

    # bought 0.010 at 99,999.9 as maker (2 bp) and sold it there as taker (5 bp)
    assert summary["volume_usd"] == "1999.998"
    assert summary["fees_usd"] == plain(D("0.2") + D("0.5"))  # each fee is rounded up to six decimals
    assert (summary["pnl_gross_usd"], summary["pnl_net_usd"]) == ("0", "-0.7")
    assert summary["cost_per_million_usd"] == "350"
    assert (summary["fills"], summary["round_trips"], summary["positions_open"]) == (2, 1, 0)
    assert summary["exits_by_reason"] == {"by_test": 1}
    assert summary["orders"]["acknowledged"] == 2
    assert summary["evaluations"] == 1
    assert summary["decisions"] == {"approved": 1, "vetoed": 0, "vetoes_by_reason": {}}


def test_another_run_in_the_same_database_is_left_out(desk: Desk, worker: AccountsWorker) -> None:
    desk.bob_takes(Side.BID, "0.005")
    step_until(worker, lambda: Position.objects.filter(account=desk.bob).exists())

    assert run_summary(Run({desk.alice.pk}, 0), seconds=1.0)["fills"] == 0
    assert run_summary(Run({desk.bob.pk}, 0), seconds=1.0)["fills"] == 1


def test_a_tail_needs_enough_samples_to_be_known() -> None:
    few, enough = distribution([1.0] * 19, tails=(95, 99)), distribution([1.0] * 100, tails=(95, 99))

    assert (few["p50"], few["p95"], few["p99"]) == (1.0, None, None)
    assert (enough["p95"], enough["p99"]) == (1.0, 1.0)
