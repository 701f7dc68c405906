"""The client over a real sandbox exchange: orders, stops, fills and streams from end to end."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from signer.client import SignerClient
from trading.core.units import Side
from trading.exchange.backpack.parse import (
    OrderEvent,
    OrderUpdate,
    parse_depth,
    parse_order_update,
    parse_position_update,
)
from trading.exchange.backpack.rest import BackpackRest
from trading.exchange.backpack.streams import Frame, Stream
from trading.exchange.errors import OrderNotFound, RequestRefused, StreamRefused
from trading.exchange.orders import Credentials, OrderRequest, OrderStatus, Placed, Rejected
from trading.exchange.readings import DepthSnapshot

REPOSITORY = Path(__file__).parents[2]
SYMBOL = "SOL_USDC_PERP"
ACCOUNTS = 16
PATIENCE_S = 10.0

client_ids = itertools.count(1)


class Sandbox(NamedTuple):
    """A running exchange and its accounts, sealed."""

    rest_url: str
    stream_url: str
    accounts: Iterator[Credentials]


@pytest.fixture(scope="session")
def sandbox(signer_socket: Path) -> Iterator[Sandbox]:
    """An exchange of this worker's own, with a generated market."""
    command = [sys.executable, "-m", "sandbox", "--accounts", str(ACCOUNTS), "--port", "0", "--generator", "1"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        signer = SignerClient(signer_socket)
        accounts = [
            Credentials(1000 + place, f"sandbox|{place}", signer.seal(account["api_secret"], f"sandbox|{place}").sealed)
            for place, account in enumerate(ready["accounts"])
        ]
        yield Sandbox(ready["rest"], ready["ws"], iter(accounts))
        process.terminate()


@pytest.fixture
def rest(sandbox: Sandbox, signer_socket: Path) -> Iterator[BackpackRest]:
    """A client with the real clock."""
    rest = BackpackRest(base_url=sandbox.rest_url, signer=SignerClient(signer_socket), timeout_s=5)
    yield rest
    rest.close()


@pytest.fixture
def alice(sandbox: Sandbox) -> Credentials:
    """An account that no other test has touched."""
    return next(sandbox.accounts)


@pytest.fixture
def open_stream(sandbox: Sandbox) -> Iterator[Callable[[], Stream]]:
    """Open streams that end with the test."""
    streams: list[Stream] = []

    def start() -> Stream:
        streams.append(Stream.connect(sandbox.stream_url))
        return streams[-1]

    yield start
    for stream in streams:
        stream.close()


def book_of(rest: BackpackRest) -> DepthSnapshot:
    return until(lambda: rest.depth(SYMBOL, limit=20), lambda book: bool(book.bids and book.asks))


def until(ask: Callable[[], Any], is_it: Callable[[Any], bool]) -> Any:
    """Ask until the answer is the one; the sandbox lives in real time."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_it(answer := ask()):
        assert time.monotonic() < deadline, f"in vain: {answer}"
        time.sleep(0.02)
    return answer


def resting_bid(rest: BackpackRest, **changes: Any) -> OrderRequest:
    price = (book_of(rest).bids[0][0] * Decimal("0.97")).quantize(Decimal("0.01"))
    fields: dict[str, Any] = {"symbol": SYMBOL, "side": Side.BID, "order_type": "Limit", "price": price}
    fields |= {"quantity": Decimal("0.5"), "client_id": next(client_ids), "post_only": True}
    return OrderRequest(**fields | changes)


def market_order(side: Side, *, reduce_only: bool = False) -> OrderRequest:
    return OrderRequest(
        symbol=SYMBOL,
        side=side,
        order_type="Market",
        quantity=Decimal("0.5"),
        client_id=next(client_ids),
        reduce_only=reduce_only,
        self_trade_prevention="RejectMaker",
    )


def updates(stream: Stream, is_last: Callable[[OrderUpdate], bool]) -> list[OrderUpdate]:
    """Return the order updates until the last one that is waited for."""
    seen: list[OrderUpdate] = []
    deadline = time.monotonic() + PATIENCE_S
    while not (seen and is_last(seen[-1])):
        assert time.monotonic() < deadline, f"in vain: {seen}"
        frame = stream.receive(0.2)
        if frame is not None and frame.stream.startswith("account.orderUpdate"):
            seen.append(parse_order_update(frame.data))
    return seen


def test_the_clock_and_the_markets_are_read(rest) -> None:
    assert abs(rest.time_ms() - time.time_ns() // 1_000_000) < 5_000
    (market,) = rest.markets({SYMBOL})
    assert market.is_open
    assert market.grid.tick_size == Decimal("0.01")
    assert rest.mark_prices(SYMBOL)[0].mark_price > 0


def test_the_book_is_best_first_and_not_crossed(rest) -> None:
    book = book_of(rest)

    assert book.bids[0][0] < book.asks[0][0]
    assert list(book.bids) == sorted(book.bids, reverse=True)
    assert list(book.asks) == sorted(book.asks)


def test_the_updates_of_the_book_chain_onto_its_snapshot(rest, open_stream) -> None:
    grid = rest.markets({SYMBOL})[0].grid
    stream = open_stream()
    stream.subscribe([f"depth.{SYMBOL}"])
    buffered = [parse_depth(frame_of(stream).data, grid) for _ in range(3)]
    last_id = book_of(rest).last_update_id
    while buffered[-1].last_id <= last_id + 5:
        buffered.append(parse_depth(frame_of(stream).data, grid))

    joined = [update for update in buffered if update.last_id > last_id]

    assert joined[0].first_id <= last_id + 1 <= joined[0].last_id
    assert all(later.first_id == earlier.last_id + 1 for earlier, later in itertools.pairwise(joined))


def frame_of(stream: Stream) -> Frame:
    frame = until(lambda: stream.receive(0.5), lambda received: received is not None)
    assert isinstance(frame, Frame)
    return frame


def test_a_resting_order_is_placed_found_and_cancelled_once(rest, alice) -> None:
    request = resting_bid(rest)

    outcome = rest.place_order(alice, request)

    assert isinstance(outcome, Placed)
    assert outcome.order.status is OrderStatus.NEW
    assert [order.client_id for order in rest.open_orders(alice, SYMBOL)] == [request.client_id]
    found = rest.get_order(alice, symbol=SYMBOL, client_id=request.client_id)
    assert found is not None
    assert found.exchange_id == outcome.order.exchange_id
    assert rest.cancel_order(alice, symbol=SYMBOL, exchange_id=found.exchange_id).status is OrderStatus.CANCELLED
    assert rest.get_order(alice, symbol=SYMBOL, exchange_id=found.exchange_id) is None
    with pytest.raises(OrderNotFound):
        rest.cancel_order(alice, symbol=SYMBOL, client_id=request.client_id)


def test_a_batch_over_accounts_is_placed_in_its_order(rest, sandbox) -> None:
    batch = [(next(sandbox.accounts), resting_bid(rest)) for _ in range(3)]

    outcomes = rest.place_orders(batch)

    assert [outcome.order.client_id for outcome in outcomes if isinstance(outcome, Placed)] == [
        request.client_id for _, request in batch
    ]


def test_a_post_only_order_that_crosses_does_not_exist(rest, alice) -> None:
    crossing = resting_bid(rest, price=(book_of(rest).asks[0][0] * Decimal("1.02")).quantize(Decimal("0.01")))

    outcome = rest.place_order(alice, crossing)

    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.message) == ("INVALID_ORDER", "Order would immediately match and take")
    assert rest.open_orders(alice) == []


def test_a_market_order_fills_and_shows_in_fills_positions_history_and_streams(rest, alice, open_stream) -> None:
    stream = open_stream()
    stream.subscribe(["account.orderUpdate", "account.positionUpdate"], rest.subscribe_signature(alice))
    time.sleep(0.3)  # a subscription is not acknowledged
    book_of(rest)
    request = market_order(Side.BID)

    outcome = rest.place_order(alice, request)

    assert isinstance(outcome, Placed)
    seen = updates(stream, lambda update: update.status is OrderStatus.FILLED)
    assert seen[0].event is OrderEvent.ACCEPTED
    streamed = [update.fill for update in seen if update.fill is not None]
    assert sum(fill.quantity for fill in streamed) == Decimal("0.5")
    listed = until(lambda: rest.fills(alice, symbol=SYMBOL), lambda fills: len(fills) == len(streamed))
    assert [(fill.trade_id, fill.price, fill.fee) for fill in listed] == [
        (fill.trade_id, fill.price, fill.fee) for fill in streamed
    ]
    assert {fill.client_id for fill in listed} == {request.client_id}
    (position,) = rest.positions(alice)
    assert (position.symbol, position.net_quantity) == (SYMBOL, Decimal("0.5"))
    (past,) = until(lambda: rest.order_history(alice, symbol=SYMBOL), bool)
    assert (past.client_id, past.status) == (request.client_id, OrderStatus.FILLED)
    flat = rest.place_order(alice, market_order(Side.ASK, reduce_only=True))
    assert isinstance(flat, Placed)
    until(lambda: rest.positions(alice), lambda positions: positions == [])


def test_a_position_is_shown_when_one_subscribes(rest, alice, open_stream) -> None:
    book_of(rest)
    rest.place_order(alice, market_order(Side.ASK))
    until(lambda: rest.positions(alice), bool)
    stream = open_stream()

    stream.subscribe(["account.positionUpdate"], rest.subscribe_signature(alice))

    update = parse_position_update(frame_of(stream).data)
    assert (update.symbol, update.net_quantity) == (SYMBOL, Decimal("-0.5"))


def test_a_stop_waits_for_its_trigger_and_goes_with_the_conditional_orders_only(rest, alice) -> None:
    book_of(rest)
    rest.place_order(alice, market_order(Side.BID))
    until(lambda: rest.positions(alice), bool)
    stop = OrderRequest(
        symbol=SYMBOL,
        side=Side.ASK,
        order_type="Market",
        client_id=next(client_ids),
        reduce_only=True,
        trigger_price=(rest.mark_prices(SYMBOL)[0].mark_price * Decimal("0.9")).quantize(Decimal("0.01")),
        trigger_quantity=Decimal("0.5"),
        trigger_by="MarkPrice",
    )
    bid = resting_bid(rest)

    stopped, rested = rest.place_orders([(alice, stop), (alice, bid)])

    assert isinstance(stopped, Placed)
    assert isinstance(rested, Placed)
    assert stopped.order.status is OrderStatus.TRIGGER_PENDING
    assert stopped.order.trigger_quantity == Decimal("0.5")
    assert stopped.order.is_conditional
    cancelled = rest.cancel_all(alice, symbol=SYMBOL, kind="ConditionalOrder")
    assert [order.client_id for order in cancelled] == [stop.client_id]
    assert [order.client_id for order in rest.open_orders(alice, SYMBOL)] == [bid.client_id]


def test_the_money_of_an_account_is_read(rest, alice) -> None:
    assert rest.collateral(alice).net_equity > 0
    assert rest.capital(alice)["USDC"].available > 0
    assert rest.account(alice).leverage_limit > 0


def test_an_account_that_the_exchange_does_not_know_is_refused(rest, accounts, open_stream) -> None:
    outcome = rest.place_order(accounts[0], resting_bid(rest))

    assert isinstance(outcome, Rejected)
    with pytest.raises(RequestRefused):
        rest.positions(accounts[0])


def test_a_subscription_with_a_signature_that_does_not_fit_is_refused(rest, alice, open_stream) -> None:
    stream = open_stream()
    signature = rest.subscribe_signature(alice)

    stream.subscribe(["account.orderUpdate"], signature._replace(timestamp_ms=signature.timestamp_ms + 1))

    with pytest.raises(StreamRefused) as caught:
        until(lambda: stream.receive(0.5), lambda received: received is not None)
    assert caught.value.code == 4003
