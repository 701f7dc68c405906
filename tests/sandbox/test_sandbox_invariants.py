"""What holds after any sequence of market events and orders, and that the same sequence gives the same fills."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_script import ASK, BID, START_US, Script, SelfTrade, TimeInForce, attached

from sandbox.engine.accounts import Account
from sandbox.engine.book import BookSide
from sandbox.engine.events import Fill
from sandbox.engine.orders import Side
from sandbox.errors import Refused
from sandbox.market.generator import DEFAULT_MARKETS, generate

_MID = 10_000
_offsets = st.integers(-4, 4)
_lots = st.integers(1, 40)
_sides = st.sampled_from([BID, ASK])
_flags = st.booleans()
_rules = st.sampled_from(list(SelfTrade))
_seldom = st.sampled_from([False, False, False, True])
_forces = st.sampled_from([TimeInForce.GTC] * 4 + list(TimeInForce))
_operations = st.lists(
    st.one_of(
        st.tuples(st.just("shift"), _offsets, st.integers(1, 3), _lots),
        st.tuples(st.just("level"), _sides, _offsets, st.integers(0, 40)),
        st.tuples(st.just("trade"), _flags, _offsets, _lots),
        st.tuples(st.just("limit"), _flags, _sides, _lots, _offsets, _seldom, _seldom, _rules, _forces),
        st.tuples(st.just("market"), _flags, _sides, _lots, _seldom, _rules),
        st.tuples(st.just("stop"), _flags, _sides, _lots, _offsets, _flags),
        st.tuples(st.just("cancel"), _flags),
        st.tuples(st.just("time"), st.sampled_from([0.1, 1.0, 2.5])),
    ),
    min_size=12,
    max_size=60,
)


def _shift(script: Script, middle: int, gap: int, lots: int) -> None:
    bids = {_MID + middle - gap - n: lots + n for n in range(4)}
    asks = {_MID + middle + gap + n: lots + n for n in range(4)}
    script.snapshot(bids, asks)


def _level(script: Script, side: Side, offset: int, lots: int) -> None:
    level = {_MID + offset: lots}
    script.update(bids=level if side is BID else None, asks=level if side is ASK else None)


def _trade(script: Script, sells: bool, offset: int, lots: int) -> None:
    (script.sells if sells else script.buys)(lots, at=_MID + offset)


def _limit(script: Script, alice: bool, side: Side, lots: int, offset: int, *more: object) -> None:
    reduce_only, with_stop, rule, force = more
    stop = attached(_MID + offset - 4 * side.sign) if with_stop else None
    with suppress(Refused):
        script.limit(
            _who(script, alice),
            side,
            lots,
            _MID + offset,
            reduce_only=reduce_only,
            stop_loss=stop,
            self_trade=rule,
            time_in_force=force,
        )


def _market(script: Script, alice: bool, side: Side, lots: int, reduce_only: bool, rule: SelfTrade) -> None:
    with suppress(Refused):
        script.take(_who(script, alice), side, lots, reduce_only=reduce_only, self_trade=rule)


def _stop(script: Script, alice: bool, side: Side, lots: int, offset: int, reduce_only: bool) -> None:
    with suppress(Refused):
        script.stop(_who(script, alice), side, str(lots / 100), _MID + offset, reduce_only=reduce_only)


def _cancel(script: Script, alice: bool) -> None:
    for order in list(_who(script, alice).live.values())[:1]:
        script.cancel(order)


def _time(script: Script, seconds: float) -> None:
    script.pass_time(seconds)


_ACTS = {
    "shift": _shift,
    "level": _level,
    "trade": _trade,
    "limit": _limit,
    "market": _market,
    "stop": _stop,
    "cancel": _cancel,
    "time": _time,
}


def _who(script: Script, alice: bool) -> Account:
    return script.alice if alice else script.bob


def _check_book(script: Script) -> None:
    bids, asks = script.market.book.sides
    best_bid, best_ask = bids.best(), asks.best()
    assert best_bid is None or best_ask is None or best_bid < best_ask
    for side in (bids, asks):
        _check_side(side)


def _check_side(side: BookSide) -> None:
    assert side.keys == sorted({price * side.sign for price in (*side.recorded, *side.queues)})
    assert side.queue_keys == sorted(price * side.sign for price in side.queues)
    assert all(lots > 0 for _, lots in side.levels())
    for price, queue in side.queues.items():
        assert all(order.remaining > 0 and 0 <= order.ahead <= side.recorded.get(price, 0) for order in queue)


def _check_account(script: Script, account: Account) -> None:
    filled = sum(fill.lots * fill.order.side.sign for fill in account.fills)
    positions = [*account.closed_positions, *account.positions.values()]
    spent = sum(fill.fee for fill in account.fills)
    assert script.lots(account) == filled
    earned = sum(p.realised for p in positions)
    paid = sum(_value(fill) * fill.order.side.sign for fill in account.fills)
    assert account.balances["USDC"] - 10_000 * 10**16 == earned - spent
    assert paid == sum(p.cost for p in account.positions.values()) - earned
    by_order: dict[int, int] = defaultdict(int)
    for fill in account.fills:
        by_order[fill.order.id] += fill.lots
    assert all(order.filled == by_order[order.id] <= order.lots or order.lots == 0 for order in account.orders.values())


def _value(fill: Fill) -> int:
    return fill.order.market.spec.value(fill.price_ticks, fill.lots)


def _check_reduce_only(account: Account) -> None:
    held = 0
    for fill in account.fills:
        after = held + fill.lots * fill.order.side.sign
        if fill.order.reduce_only:
            assert abs(after) < abs(held)
            assert after * held >= 0
        held = after


def _check_sides_of_trades(script: Script) -> None:
    fills: dict[int, list[Fill]] = defaultdict(list)
    for fill in script.heard.fills:
        fills[fill.trade_id].append(fill)
    printed = {trade.id: trade.lots for trade in script.heard.trades}
    for trade_id, both in fills.items():
        assert {fill.lots for fill in both} == {printed[trade_id]}
        assert len(both) == (1 if both[0].counterparty is None else 2)
        assert both[0].counterparty is not both[0].order.account


@settings(max_examples=150, deadline=None)
@given(_operations)
def test_quantity_is_conserved_the_book_never_crosses_and_positions_are_their_fills(
    operations: list[tuple[object, ...]],
) -> None:
    script = Script()
    script.snapshot({9_998: 30, 9_997: 30}, {10_002: 30, 10_003: 30})

    for name, *arguments in operations:
        _ACTS[name](script, *arguments)
        _check_book(script)

    for account in (script.alice, script.bob):
        _check_account(script, account)
        _check_reduce_only(account)
    _check_sides_of_trades(script)


@settings(max_examples=150, deadline=None)
@given(_operations)
def test_the_depth_stream_rebuilds_the_book_without_a_gap(operations: list[tuple[object, ...]]) -> None:
    script = Script()
    rebuilt: tuple[dict[int, int], dict[int, int]] = ({}, {})
    last_id = 0

    for name, *arguments in operations:
        _ACTS[name](script, *arguments)
    for depth in script.heard.depths:
        assert (depth.first_id, depth.first_id <= depth.last_id) == (last_id + 1, True)
        last_id = depth.last_id
        rebuilt[0].update(depth.bids)
        rebuilt[1].update(depth.asks)

    for levels, side in zip(rebuilt, script.market.book.sides, strict=True):
        assert {price: lots for price, lots in levels.items() if lots} == dict(side.levels())


def _scripted_run(seed: int) -> list[tuple[object, ...]]:
    """Trade against a generated market with a script that depends on the event count only."""
    script = Script()
    markets = [market for market in DEFAULT_MARKETS if market.symbol == "SOL_USDC_PERP"]
    events = generate(markets, seed=seed, start_ns=START_US * 1_000)
    for number, (symbol, event) in zip(range(3_000), events, strict=False):
        script.exchange.apply(symbol, event, at_us=event.exchange_ns // 1_000)
        best = script.market.book.bids.best()
        if number % 50 == 0 and best is not None:
            script.post(script.alice, BID, 100, best, stop_loss=attached(best - 5))
        if number % 170 == 0:
            script.take(script.bob, ASK if script.lots(script.bob) > 0 else BID, 50)
    return [(f.order.id, f.trade_id, f.price_ticks, f.lots, f.fee, f.at_us) for f in script.heard.fills]


def test_the_same_seed_and_script_give_the_same_fills() -> None:
    first, second, other = _scripted_run(5), _scripted_run(5), _scripted_run(6)

    assert first == second
    assert len(first) > 50
    assert first != other
