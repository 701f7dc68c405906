"""Scenes that tests of execution begin with, and what Alice then has at the exchange."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from tests.kit.desk import Desk
from tests.kit.exchange import MID, SYMBOL
from tests.kit.steps import step_until
from trading.board.snapshots import load, publish
from trading.core.units import Side
from trading.exchange.ports import OrderRequest, Placed, require_placed
from trading.execution.accounts_worker import AccountsWorker
from trading.execution.exits import exit_position
from trading.models import Order, Position

BY_HAND = 4_000_000_000  # client ids of orders that Alice places herself


class Held(NamedTuple):
    """Alice's net quantity and the sum of her stops, as the exchange has them."""

    quantity: Decimal
    stops: Decimal


def rest_entry(desk: Desk) -> None:
    """Have Alice's bot place an entry that rests alone at a new best bid."""
    desk.exchange.book(bids=20, asks=20)
    desk.post_book(bids=80, asks=20)
    desk.evaluate()


def enter_unseen(desk: Desk) -> None:
    """Have Alice's entry filled while nobody listens."""
    rest_entry(desk)
    desk.bob_takes(Side.ASK, "0.030")  # twenty lots stood before Alice's ten


def enter(desk: Desk, worker: AccountsWorker, *, takes: str = "0.030") -> Position:
    """Have Bob sell into Alice's entry; return her position."""
    rest_entry(desk)
    desk.bob_takes(Side.ASK, takes)
    step_until(worker, lambda: Position.objects.filter(account=desk.alice).exists())
    return desk.position()


def enter_protected(desk: Desk, worker: AccountsWorker, *, takes: str = "0.030") -> Position:
    """Have Alice enter and the attached stop confirmed; return her position."""
    enter(desk, worker, takes=takes)
    step_until(worker, lambda: desk.position().state == "protected")
    return desk.position()


def leave(desk: Desk, worker: AccountsWorker) -> None:
    """Close Alice's position at market, and see it closed."""
    exit_position(desk.position().pk, reason="by_test", exchange=desk.rest, now=desk.now())
    step_until(worker, lambda: desk.position().state == "closed")


def by_hand(desk: Desk, side: Side, quantity: str | None, **changes: object) -> Placed:
    """Have Alice place an order herself: a market order, unless the changes say otherwise."""
    fields = {"order_type": "Market", "client_id": BY_HAND, **changes}
    request = OrderRequest(
        symbol=SYMBOL,
        side=side,
        quantity=None if quantity is None else Decimal(quantity),
        **fields,  # type: ignore[arg-type]
    )
    return require_placed(desk.rest.place_order(desk.credentials, request))


def fill_history_page(desk: Desk) -> None:
    """Have Alice place and cancel more orders than one page of the exchange's history shows."""
    for client_id in range(BY_HAND, BY_HAND + 105):
        by_hand(desk, Side.BID, "0.001", order_type="Limit", price=Decimal(99_900), client_id=client_id)
        desk.rest.cancel_order(desk.credentials, symbol=SYMBOL, client_id=client_id)


def cancel_stop(desk: Desk) -> None:
    """Have Alice cancel her position's only stop by hand."""
    [stop] = stops(desk)
    desk.rest.cancel_order(desk.credentials, symbol=SYMBOL, exchange_id=stop.exchange_id)


def let_stop_fire(desk: Desk) -> None:
    """Move the book beyond the stop, and the mark after it in capped steps."""
    desk.exchange.book(bids=50, asks=50, mid=MID - 4_000)
    desk.exchange.pass_time(30)


def post_levels(desk: Desk, *, bids: tuple[tuple[int, int], ...], asks: tuple[tuple[int, int], ...]) -> None:
    """Put a proven, fresh book of any form on the board."""
    desk.post_book(bids=1, asks=1)
    snapshot = load(desk.redis, SYMBOL, keys=desk.keys).require_book()._replace(bids=bids, asks=asks)
    publish(desk.redis, symbol=SYMBOL, snapshot=snapshot, keys=desk.keys)


def stops(desk: Desk) -> list[Order]:
    """Return Alice's waiting triggers, as our rows have them."""
    return list(Order.objects.filter(account=desk.alice, status="TriggerPending"))


def at_exchange(desk: Desk) -> Held:
    """Return what Alice holds, and what stops she has."""
    held = sum((one.net_quantity for one in desk.rest.positions(desk.credentials)), Decimal(0))
    waiting = [one for one in desk.rest.open_orders(desk.credentials) if one.is_conditional]
    return Held(held, sum((one.trigger_quantity or Decimal(0) for one in waiting), Decimal(0)))
