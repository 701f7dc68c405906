"""Queue-aware fills of resting orders, worked out by hand."""

from __future__ import annotations

from sandbox_script import ASK, BID, Script

from sandbox.engine.orders import Status


def test_a_trade_eats_what_stands_ahead_before_it_fills_the_order(script: Script) -> None:
    order = script.post(script.alice, BID, 300, 9_999)

    script.sells(900, at=9_999)
    assert (order.ahead, order.filled) == (100, 0)
    script.sells(250, at=9_999)

    assert (order.ahead, order.filled, order.status) == (0, 150, Status.PARTIALLY_FILLED)


def test_an_order_that_is_reached_twice_fills_up(script: Script) -> None:
    order = script.post(script.alice, BID, 300, 9_999)

    script.sells(1_150, at=9_999)
    script.sells(400, at=9_999)

    assert (order.filled, order.status) == (300, Status.FILLED)
    assert script.lots(script.alice) == 300


def test_the_print_of_a_trade_is_split_among_those_who_traded(script: Script) -> None:
    script.post(script.alice, BID, 300, 9_999)

    script.sells(1_200, at=9_999)

    assert [(trade.price_ticks, trade.lots) for trade in script.heard.trades] == [(9_999, 200), (9_999, 1_000)]


def test_orders_at_one_price_fill_in_order_of_time_with_what_joined_between_them(script: Script) -> None:
    first = script.post(script.alice, BID, 100, 9_999)
    script.update(bids={9_999: 1_400})
    second = script.post(script.bob, BID, 100, 9_999)

    script.sells(1_450, at=9_999)

    # 1,000 stood before Alice, then her 100, then 350 of the 400 that joined before Bob
    assert (first.filled, second.ahead, second.filled) == (100, 50, 0)


def test_a_level_that_shrinks_without_trades_moves_the_order_up_only_as_far_as_needed(script: Script) -> None:
    order = script.post(script.alice, BID, 100, 9_999)

    script.update(bids={9_999: 1_500})
    script.update(bids={9_999: 1_200})
    assert order.ahead == 1_000
    script.update(bids={9_999: 700})

    assert order.ahead == 700


def test_a_trade_beyond_the_price_fills_the_order_whatever_its_place(script: Script) -> None:
    order = script.post(script.alice, BID, 300, 9_999)

    script.sells(10, at=9_998)

    assert order.status is Status.FILLED
    assert script.alice.fills[0].price_ticks == 9_999


def test_what_a_trade_gives_to_better_prices_is_not_left_for_its_own(script: Script) -> None:
    better = script.post(script.alice, BID, 100, 10_000)
    order = script.post(script.bob, BID, 100, 9_990)

    script.sells(150, at=9_990)

    assert (better.filled, order.filled) == (100, 50)
    assert sum(trade.lots for trade in script.heard.trades) == 150


def test_a_taker_shortens_the_queue_of_those_who_wait_behind(script: Script) -> None:
    script.update(asks={10_001: 500})
    order = script.post(script.alice, ASK, 100, 10_001)
    script.update(asks={10_001: 900})

    script.take(script.bob, BID, 200)

    assert (order.ahead, script.market.book.asks.recorded[10_001]) == (300, 700)


def test_an_order_that_improves_the_price_is_first(script: Script) -> None:
    order = script.post(script.alice, BID, 300, 10_000)

    script.sells(120, at=10_000)

    assert order.filled == 120


def test_a_trade_on_the_other_side_leaves_the_order_alone(script: Script) -> None:
    order = script.post(script.alice, BID, 300, 9_999)

    script.buys(5_000, at=10_001)

    assert (order.filled, order.ahead) == (0, 1_000)


def test_a_book_that_moves_through_an_order_fills_it_at_its_own_price(script: Script) -> None:
    order = script.post(script.alice, BID, 300, 10_000)

    script.snapshot({9_990: 1_000}, {9_995: 50})

    assert order.status is Status.FILLED
    assert script.alice.fills[0].price_ticks == 10_000
    assert script.market.book.asks.best() == 9_995


def test_a_recorded_level_at_an_orders_price_trades_with_it_for_what_it_has(script: Script) -> None:
    order = script.post(script.alice, BID, 300, 10_000)

    script.update(asks={10_000: 120})

    assert (order.filled, script.market.book.asks.best()) == (120, 10_001)
    assert script.market.book.bids.lots_at(10_000) == 180


def test_taken_liquidity_is_gone_until_the_recording_speaks_of_the_level_again(script: Script) -> None:
    script.take(script.alice, BID, 400)
    assert script.market.book.asks.lots_at(10_001) == 600

    script.update(asks={10_002: 900})
    assert script.market.book.asks.lots_at(10_001) == 600
    script.update(asks={10_001: 800})

    assert script.market.book.asks.lots_at(10_001) == 800


def test_a_taker_meets_recorded_quantity_that_stands_before_a_customer_first(script: Script) -> None:
    resting = script.post(script.bob, ASK, 100, 10_001)

    script.take(script.alice, BID, 1_050)

    assert (resting.filled, script.market.book.asks.recorded.get(10_001)) == (50, None)


def test_levels_beyond_the_depth_of_the_recording_are_forgotten() -> None:
    script = Script(depth=2)
    script.snapshot({100: 5, 99: 5}, {110: 5, 111: 5})

    script.update(bids={101: 7})

    assert script.market.book.bids.levels() == [(101, 7), (100, 5)]


def test_a_forgotten_level_that_crosses_a_fresh_one_is_dropped(script: Script) -> None:
    script.update(bids={10_001: 50})

    assert script.market.book.bids.best() == 10_001
    assert script.market.book.asks.best() == 10_002


def test_the_published_book_counts_recorded_and_customers_quantity(script: Script) -> None:
    script.post(script.alice, BID, 300, 9_999)
    script.post(script.bob, BID, 7, 10_000)

    assert script.market.book.bids.levels(2) == [(10_000, 7), (9_999, 1_300)]
    assert script.heard.depths[-1].bids == {10_000: 7}
