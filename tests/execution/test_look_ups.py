"""Look-ups: an answer that is late, of an earlier moment or incomplete changes nothing that is known better."""

from __future__ import annotations

import threading
import time
from decimal import Decimal

from tests.kit.desk import Desk
from tests.kit.outages import Altered
from tests.kit.scenes import (
    BY_HAND,
    at_exchange,
    by_hand,
    cancel_stop,
    enter_protected,
    enter_unseen,
    rest_entry,
    stops,
)
from tests.kit.steps import step_until
from trading.core.units import Side
from trading.exchange.ports import Credentials, ExchangeOrder, FillInfo, PositionInfo
from trading.execution.accounts_worker import AccountsWorker
from trading.execution.reconciliation import ASKED_ALONE_AT_MOST, Reconciler
from trading.models import Fill, Order, Position

D = Decimal


def reconciler(exchange: object) -> Reconciler:
    return Reconciler(exchange=exchange, window_ms=5_000, speed=1.0)  # type: ignore[arg-type]


def test_a_connection_during_a_look_up_is_looked_up_after_it(desk: Desk, worker: AccountsWorker) -> None:
    desk.exchange.settings(attached_stops="none")
    worker.protect_later = desk.protector.protect  # type: ignore[assignment]
    rest_entry(desk)
    step_until(worker, lambda: Order.objects.filter(account=desk.alice, status="New").exists())
    desk.line.cut()
    step_until(worker, lambda: not worker.connected and not worker.look_ups.running)
    answered, go_on = threading.Event(), threading.Event()

    def positions(credentials: Credentials) -> list[PositionInfo]:
        answer = desk.rest.positions(credentials)
        answered.set()
        go_on.wait(10)
        return answer

    worker.reconciler = reconciler(Altered(desk.rest, positions=positions))
    step_until(worker, answered.is_set)
    desk.bob_takes(Side.ASK, "0.030")  # after the answer was made, before the stream shows anything
    desk.line.is_cut = False
    step_until(worker, lambda: len(worker.connected) == 2, patience_s=15)
    go_on.set()

    step_until(worker, lambda: Position.objects.filter(account=desk.alice, state="protected").exists())


def test_an_account_with_a_long_past_is_looked_up_in_small_steps(desk: Desk) -> None:
    desk.exchange.book(bids=1_000, asks=1_000)
    for number in range(65):
        by_hand(desk, Side.BID, "0.001", client_id=BY_HAND + 2 * number)
        by_hand(desk, Side.ASK, "0.001", client_id=BY_HAND + 2 * number + 1)
    asked_alone: list[object] = []

    def order_history(credentials: Credentials, **named: object) -> list[ExchangeOrder]:
        asked_alone.extend(filter(None, [named.get("exchange_id")]))
        return desk.rest.order_history(credentials, **named)  # type: ignore[arg-type]

    desk.reconciler = reconciler(Altered(desk.rest, order_history=order_history))
    desk.reconcile()

    assert len(asked_alone) == ASKED_ALONE_AT_MOST
    assert Fill.objects.filter(account=desk.alice).count() == 100 + ASKED_ALONE_AT_MOST
    assert desk.alice_row().fills_known_until_us is None  # some are missing still: the next look asks from the start


def test_a_fill_without_a_trade_id_is_stored_once_and_bars_no_other(desk: Desk) -> None:
    enter_unseen(desk)
    liquidated = by_hand(desk, Side.ASK, "0.001").order.exchange_id

    def fills(credentials: Credentials, **named: object) -> list[FillInfo]:
        rows = desk.rest.fills(credentials, **named)  # type: ignore[arg-type]
        return [row._replace(trade_id=None) if row.exchange_id == liquidated else row for row in rows]

    desk.reconciler = reconciler(Altered(desk.rest, fills=fills))
    desk.reconcile()
    desk.reconcile()

    assert Fill.objects.filter(account=desk.alice).count() == 2
    assert Fill.objects.get(order__exchange_id=liquidated).trade_id < 0
    assert desk.position().quantity == at_exchange(desk).quantity


def test_an_entry_that_reduces_a_position_made_by_hand_gives_it_no_stop(desk: Desk, worker: AccountsWorker) -> None:
    rest_entry(desk)
    by_hand(desk, Side.ASK, "0.020", order_type="Limit", price=D("100000.1"))
    desk.bob_takes(Side.BID, "0.040")
    step_until(worker, lambda: Position.objects.filter(account=desk.alice, quantity=D("0.020")).exists())
    desk.bob_takes(Side.ASK, "0.030")
    step_until(worker, lambda: desk.position().quantity == D("0.010"))

    done = desk.protector.protect(desk.position().pk)

    assert done in ("left_alone", "covered")
    assert desk.position().stop_price is None
    assert at_exchange(desk).quantity == D("-0.010")


def test_a_history_that_lags_does_not_make_a_vanished_stop_count(desk: Desk, worker: AccountsWorker) -> None:
    enter_protected(desk, worker)
    lagging = desk.rest.order_history(desk.credentials, limit=100)
    cancel_stop(desk)

    desk.reconciler = reconciler(Altered(desk.rest, order_history=lambda *_, **__: lagging))
    desk.reconcile()

    assert stops(desk)[0].missing_since is not None
    assert desk.position().state == "unprotected"


def test_a_list_of_open_orders_that_was_overtaken_does_not_shrink_a_stop(desk: Desk, worker: AccountsWorker) -> None:
    enter_protected(desk, worker, takes="0.024")
    worker.next_at["reconcile"] = time.monotonic() + 100
    step_until(worker, lambda: not worker.look_ups.running)
    before_the_rest_fills = [desk.rest.open_orders(desk.credentials)]
    asked_ns = time.time_ns()
    desk.bob_takes(Side.ASK, "0.006")
    step_until(worker, lambda: desk.position().covered_quantity == D("0.010"))

    overtaken = reconciler(Altered(desk.rest, open_orders=lambda _: before_the_rest_fills[0]))
    overtaken.reconcile(desk.alice_row(), now=desk.now(), received_ns=asked_ns)

    assert desk.position().covered_quantity == D("0.010")


def test_a_difference_is_asked_about_again_soon(desk: Desk, new_worker: AccountsWorker) -> None:
    desk.exchange.settings(attached_stops="none")
    enter_unseen(desk)
    lags_until = time.monotonic() + 1.0

    def order_history(credentials: Credentials, **named: object) -> list[ExchangeOrder]:
        rows = desk.rest.order_history(credentials, **named)  # type: ignore[arg-type]
        return rows if time.monotonic() > lags_until else []

    new_worker.reconciler = reconciler(Altered(desk.rest, order_history=order_history))

    step_until(new_worker, lambda: Position.objects.filter(account=desk.alice).exists())
