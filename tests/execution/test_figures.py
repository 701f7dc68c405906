"""Figures: what is shown of naked time and of open positions is what happened."""

from __future__ import annotations

from decimal import Decimal

from obiwork_project.demo.figures import read_figures
from obiwork_project.demo.view import plain_line
from tests.kit.desk import Desk
from tests.kit.exchange import MID, SYMBOL
from tests.kit.scenes import cancel_stop, enter, enter_unseen
from trading.execution.accounts_worker import AccountsWorker
from trading.models import Market, Position


def test_the_naked_time_that_is_running_is_shown(desk: Desk, worker: AccountsWorker) -> None:
    desk.exchange.settings(attached_stops="none")
    position = enter(desk, worker)
    Position.objects.filter(id=position.pk).update(
        naked_since_us=position.naked_since_us - 5_000_000, naked_since_ns=position.naked_since_ns - 5_000_000_000
    )

    figures = read_figures([SYMBOL], redis=desk.redis, keys=desk.keys)

    assert figures.naked_max_ms is not None
    assert figures.naked_max_ms >= 5_000


def test_a_stop_whose_end_is_found_later_was_not_missing_all_its_life(desk: Desk) -> None:
    enter_unseen(desk)
    desk.reconcile()
    desk.exchange.pass_time(3_600)
    cancel_stop(desk)
    desk.reconcile()
    desk.post_mark(MID)
    assert desk.protector.protect(desk.position().pk) == "stop_placed"

    assert desk.position().naked_max_us < 60_000_000


def test_the_view_counts_all_open_positions(desk: Desk) -> None:
    for number in range(17):
        Position.objects.create(
            customer=desk.alice.customer,
            account=desk.alice,
            market=market_like(desk.market, symbol=f"X{number}_USDC_PERP"),
            side="Bid",
            quantity=1,
            entry_quantity=1,
            entry_notional=1,
            opened_us=1,
            opened_received_ns=1,
        )

    line = plain_line(read_figures([SYMBOL], redis=desk.redis, keys=desk.keys), seconds=1.0)

    assert "open 17" in line


def market_like(market: Market, *, symbol: str) -> Market:
    return Market.objects.create(
        symbol=symbol, tick_size=market.tick_size, step_size=market.step_size, min_quantity=Decimal("0.001")
    )
