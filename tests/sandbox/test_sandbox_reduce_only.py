"""Reduce-only orders never turn a position round."""

from __future__ import annotations

import pytest
from sandbox_script import ASK, BID, Script

from sandbox.engine.orders import Expiry, Status
from sandbox.errors import Refused


def test_a_reduce_only_order_is_cut_to_the_position(script: Script) -> None:
    script.take(script.alice, BID, 100)

    order = script.take(script.alice, ASK, 900, reduce_only=True)

    assert (order.lots, order.status, script.lots(script.alice)) == (100, Status.FILLED, 0)


def test_a_reduce_only_order_without_a_position_is_refused(script: Script) -> None:
    with pytest.raises(Refused, match="Reduce only order not reduced"):
        script.take(script.alice, ASK, 1, reduce_only=True)


def test_a_reduce_only_order_that_would_add_is_refused(script: Script) -> None:
    script.take(script.alice, BID, 100)

    with pytest.raises(Refused, match="Reduce only order not reduced"):
        script.take(script.alice, BID, 1, reduce_only=True)


def test_a_resting_reduce_only_order_shrinks_with_the_position(script: Script) -> None:
    script.take(script.alice, BID, 100)
    resting = script.post(script.alice, ASK, 100, 10_005, reduce_only=True)

    script.take(script.alice, ASK, 60, reduce_only=True)

    assert (resting.lots, resting.status) == (40, Status.NEW)
    assert script.events_of(resting) == ["orderAccepted", "orderModified"]
    assert script.market.book.asks.lots_at(10_005) == 40


def test_a_resting_reduce_only_order_ends_with_the_position(script: Script) -> None:
    script.take(script.alice, BID, 100)
    resting = script.post(script.alice, ASK, 100, 10_005, reduce_only=True)

    script.take(script.alice, ASK, 100)

    assert (resting.status, resting.expiry) == (Status.EXPIRED, Expiry.REDUCE_ONLY)
    assert script.market.book.asks.lots_at(10_005) == 0


def test_two_exits_that_one_taker_sweeps_do_not_turn_the_position_round(script: Script) -> None:
    script.take(script.alice, BID, 100)
    script.post(script.alice, ASK, 100, 10_000, reduce_only=True)
    second = script.post(script.alice, ASK, 100, 10_000, reduce_only=True)

    script.take(script.bob, BID, 150)

    assert (script.lots(script.alice), second.filled) == (0, 0)
    assert script.lots(script.bob) == 150


def test_a_flip_by_an_ordinary_order_closes_one_position_and_opens_another(script: Script) -> None:
    script.take(script.alice, BID, 100)

    script.take(script.alice, ASK, 150)

    assert script.heard.positions == [("positionOpened", 100), ("positionClosed", 0), ("positionOpened", -50)]
