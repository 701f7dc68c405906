"""Price-time matching of customers' orders, and the refusals of the engine."""

from __future__ import annotations

import pytest
from sandbox_script import ASK, BID, SPOT, Script, SelfTrade, TimeInForce

from sandbox.engine.money import MONEY_ONE
from sandbox.engine.orders import Expiry, Status
from sandbox.errors import Refused
from sandbox.settings import DuplicateClientIds


def test_a_market_order_sweeps_levels_and_pays_the_takers_fee_rounded_up(script: Script) -> None:
    order = script.take(script.alice, BID, 1_003)

    fills = [(fill.price_ticks, fill.lots, fill.fee) for fill in script.alice.fills]
    assert order.status is Status.FILLED
    assert fills == [
        (10_001, 1_000, 500_050 * MONEY_ONE // 1_000_000),  # 10 x 100.01 x 5 bps = 0.50005
        (10_002, 3, 1_501 * MONEY_ONE // 1_000_000),  # 0.03 x 100.02 x 5 bps = 0.0015003
    ]


def test_a_market_order_stops_at_the_impact_limit_and_expires(script: Script) -> None:
    script.snapshot({9_999: 10}, {10_000: 10, 10_101: 10})

    order = script.take(script.alice, BID, 15)

    assert (order.filled, order.status, order.expiry) == (10, Status.EXPIRED, Expiry.PRICE_IMPACT)


def test_a_market_order_for_a_quote_amount_buys_what_it_pays_for(script: Script) -> None:
    order = script.take(script.alice, BID, None, quote=1_001 * MONEY_ONE)

    assert (order.filled, order.status) == (1_000, Status.FILLED)


def test_what_an_immediate_order_cannot_fill_expires(script: Script) -> None:
    order = script.limit(script.alice, BID, 1_500, 10_001, time_in_force=TimeInForce.IOC)

    assert (order.filled, order.status, order.expiry) == (1_000, Status.EXPIRED, Expiry.IMMEDIATE_OR_CANCEL)


def test_a_fill_or_kill_order_fills_wholly_or_not_at_all(script: Script) -> None:
    killed = script.limit(script.alice, BID, 1_500, 10_001, time_in_force=TimeInForce.FOK)
    filled = script.limit(script.alice, BID, 1_500, 10_002, time_in_force=TimeInForce.FOK)

    assert (killed.filled, killed.expiry) == (0, Expiry.FILL_OR_KILL)
    assert filled.status is Status.FILLED


def test_the_rest_of_a_crossing_limit_order_rests(script: Script) -> None:
    order = script.limit(script.alice, BID, 1_500, 10_001)

    assert (order.filled, order.status) == (1_000, Status.PARTIALLY_FILLED)
    assert script.market.book.bids.best() == 10_001


def test_a_post_only_order_that_would_take_is_refused_and_never_exists(script: Script) -> None:
    with pytest.raises(Refused, match="Order would immediately match and take"):
        script.post(script.alice, BID, 100, 10_001)

    assert script.alice.orders == {}
    assert script.heard.orders == []


def test_customers_trade_with_each_other_by_price_and_time(script: Script) -> None:
    script.post(script.alice, ASK, 50, 10_000)
    later = script.post(script.alice, ASK, 50, 10_000)

    taker = script.take(script.bob, BID, 60)

    assert (taker.filled, later.filled) == (60, 10)
    assert (script.lots(script.alice), script.lots(script.bob)) == (-60, 60)
    assert script.alice.fills[0].counterparty is script.bob


@pytest.mark.parametrize(
    ("rule", "taker_status", "maker_status", "filled"),
    [
        (SelfTrade.REJECT_TAKER, Status.EXPIRED, Status.NEW, 0),
        (SelfTrade.REJECT_MAKER, Status.FILLED, Status.EXPIRED, 80),
        (SelfTrade.REJECT_BOTH, Status.EXPIRED, Status.EXPIRED, 0),
    ],
)
def test_orders_of_one_account_never_trade_with_each_other(
    script: Script, rule: SelfTrade, taker_status: Status, maker_status: Status, filled: int
) -> None:
    maker = script.post(script.alice, ASK, 50, 10_000)

    taker = script.take(script.alice, BID, 80, self_trade=rule)

    assert (taker.status, maker.status, taker.filled) == (taker_status, maker_status, filled)


def test_an_order_far_from_the_last_active_price_is_refused(script: Script) -> None:
    with pytest.raises(Refused, match="Price is too far from the last active price"):
        script.post(script.alice, BID, 1, 2_000)


def test_an_order_that_the_margin_does_not_carry_is_refused(script: Script) -> None:
    with pytest.raises(Refused) as refusal:
        script.post(script.alice, BID, 200_000, 9_999)

    assert refusal.value.code == "INSUFFICIENT_MARGIN"


def test_the_same_client_id_twice_makes_two_orders_because_nothing_says_otherwise(script: Script) -> None:
    first = script.post(script.alice, BID, 1, 9_999, client_id=7)
    second = script.post(script.alice, BID, 1, 9_999, client_id=7)

    assert first.id != second.id


def test_the_same_client_id_twice_can_be_refused(script: Script) -> None:
    script.exchange.venue.settings.duplicate_client_ids = DuplicateClientIds.REJECT
    script.post(script.alice, BID, 1, 9_999, client_id=7)

    with pytest.raises(Refused):
        script.post(script.alice, BID, 1, 9_999, client_id=7)


def test_a_cancelled_order_is_gone_and_cannot_be_cancelled_again(script: Script) -> None:
    order = script.post(script.alice, BID, 300, 9_999)

    assert script.cancel(order).status is Status.CANCELLED
    with pytest.raises(Refused, match="Order not found"):
        script.cancel(order)

    assert script.market.book.bids.lots_at(9_999) == 1_000


def test_nobody_cancels_the_order_of_another_account(script: Script) -> None:
    order = script.post(script.alice, BID, 300, 9_999)

    with pytest.raises(Refused, match="Order not found"):
        script.exchange.cancel(script.bob, script.market, order_id=order.id)


def test_a_spot_purchase_pays_its_fee_in_what_it_bought(script: Script) -> None:
    script.snapshot({9_999: 100}, {10_001: 100}, symbol=SPOT)

    script.take(script.alice, BID, 100, symbol=SPOT)

    assert script.alice.balances["SOL"] == MONEY_ONE * 999 // 1_000
    assert script.alice.balances["USDC"] == 10_000 * MONEY_ONE - 10_001 * MONEY_ONE // 100


def test_nothing_can_be_sold_on_the_spot_market_that_is_not_there(script: Script) -> None:
    script.snapshot({9_999: 100}, {10_001: 100}, symbol=SPOT)

    with pytest.raises(Refused, match="Insufficient funds"):
        script.take(script.alice, ASK, 1, symbol=SPOT)
