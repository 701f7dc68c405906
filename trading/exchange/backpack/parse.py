"""Parse: the streams' messages as values. Every reader raises UnexpectedAnswer for what it does not know.

`T` is the engine's time and `E` the time of emission, both in microseconds.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from trading.core.units import MarketGrid, Side
from trading.exchange.backpack.wire import (
    MALFORMED,
    Row,
    decimal,
    flag,
    identifier,
    optional_decimal,
    optional_identifier,
    optional_whole,
    order_type,
    reading,
    side,
    status,
    text,
    trigger_amount,
    whole,
)
from trading.exchange.errors import UnexpectedAnswer
from trading.exchange.orders import OrderStatus, OrderType
from trading.exchange.readings import FillInfo

Levels = tuple[tuple[int, int], ...]

_REMEMBERED_TEXTS = 8_192  # prices, and as many quantities, of a market
_REMEMBERED_GRIDS = 1_024


class DepthUpdate(NamedTuple):
    """A change of the book. Levels are (price_ticks, quantity_lots) with absolute quantities; 0 deletes.

    Units: engine_us and emitted_us exchange time.
    """

    symbol: str
    first_id: int
    last_id: int
    bids: Levels
    asks: Levels
    engine_us: int
    emitted_us: int


class BookTicker(NamedTuple):
    """The best levels; a side without orders is None. Its ids are those of the depth, its order is not."""

    symbol: str
    update_id: int
    bid: tuple[int, int] | None
    ask: tuple[int, int] | None
    engine_us: int
    emitted_us: int


class TradePrint(NamedTuple):
    """One trade on the tape."""

    symbol: str
    trade_id: int
    price_ticks: int
    quantity_lots: int
    buyer_is_maker: bool
    engine_us: int
    emitted_us: int


class MarkPriceUpdate(NamedTuple):
    """Mark and index price; the funding fields are None for markets without funding."""

    symbol: str
    mark_price: Decimal
    index_price: Decimal | None
    funding_rate: Decimal | None
    next_funding_ms: int | None
    engine_us: int
    emitted_us: int


class OrderEvent(StrEnum):
    """What happened to an order; the values are the exchange's words."""

    ACCEPTED = "orderAccepted"
    CANCELLED = "orderCancelled"
    EXPIRED = "orderExpired"
    FILLED = "orderFill"
    MODIFIED = "orderModified"
    TRIGGER_PLACED = "triggerPlaced"
    TRIGGER_FAILED = "triggerFailed"


class OrderUpdate(NamedTuple):
    """One event of one order of the account.

    `trigger_text` is the trigger quantity as it came; it is an amount (`trigger_quantity`) or a percentage of
    the position (`trigger_percent`). `related_order_id` names the order that this one came from.
    """

    event: OrderEvent
    exchange_id: str
    client_id: int | None
    related_order_id: str | None
    status: OrderStatus
    side: Side
    symbol: str
    order_type: OrderType
    price: Decimal | None
    quantity: Decimal | None
    executed_quantity: Decimal
    executed_quote_quantity: Decimal
    post_only: bool
    reduce_only: bool
    trigger_price: Decimal | None
    trigger_text: str | None
    trigger_quantity: Decimal | None
    trigger_percent: Decimal | None
    trigger_by: str | None
    stop_loss_trigger_price: Decimal | None
    expiry_reason: str | None
    origin: str | None
    fill: FillInfo | None
    engine_us: int
    emitted_us: int


class PositionUpdate(NamedTuple):
    """The state of a position. `event` is None in the snapshot that follows a subscription.

    Units: net_quantity is signed; exposure_quantity is absolute and counts open orders.
    """

    event: str | None
    symbol: str
    position_id: str
    net_quantity: Decimal
    entry_price: Decimal
    break_even_price: Decimal
    mark_price: Decimal
    exposure_quantity: Decimal
    exposure_notional: Decimal
    pnl_unrealized: Decimal
    pnl_realized: Decimal
    engine_us: int
    emitted_us: int


_EVENTS = {str(event): event for event in OrderEvent}
_POSITION_EVENTS = (None, "positionOpened", "positionAdjusted", "positionClosed")


def parse_depth(data: Row, grid: MarketGrid) -> DepthUpdate:
    """Return a change of the book in ticks and lots."""
    try:  # not `reading`: this one runs for every update of every book
        return DepthUpdate(
            data["s"],
            whole(data["U"]),
            whole(data["u"]),
            _levels(data["b"], grid),
            _levels(data["a"], grid),
            whole(data["T"]),
            whole(data["E"]),
        )
    except MALFORMED as error:
        raise UnexpectedAnswer(f"depth: {type(error).__name__}: {error}") from error


def parse_book_ticker(data: Row, grid: MarketGrid) -> BookTicker:
    """Return the best levels in ticks and lots."""
    with reading("book ticker"):
        return BookTicker(
            text(data["s"]),
            whole(data["u"]),
            _level(data.get("b"), data.get("B"), grid),
            _level(data.get("a"), data.get("A"), grid),
            whole(data["T"]),
            whole(data["E"]),
        )


def parse_trade(data: Row, grid: MarketGrid) -> TradePrint:
    """Return a trade in ticks and lots."""
    with reading("trade"):
        return TradePrint(
            text(data["s"]),
            whole(data["t"]),
            grid.ticks(decimal(data["p"])),
            grid.lots(decimal(data["q"])),
            flag(data["m"]),
            whole(data["T"]),
            whole(data["E"]),
        )


def parse_mark_price(data: Row) -> MarkPriceUpdate:
    """Return a mark price; it lies on no grid."""
    with reading("mark price"):
        return MarkPriceUpdate(
            text(data["s"]),
            decimal(data["p"]),
            optional_decimal(data.get("i")),
            optional_decimal(data.get("f")),
            optional_whole(data.get("n")),
            whole(data["T"]),
            whole(data["E"]),
        )


def parse_order_update(data: Row) -> OrderUpdate:
    """Return an event of an order; its fill where the event is one."""
    with reading("order update"):
        event = _EVENTS[data["e"]]
        trigger_quantity, trigger_percent = trigger_amount(data.get("Y"))
        return OrderUpdate(
            event=event,
            exchange_id=identifier(data["i"]),
            client_id=optional_whole(data.get("c")),
            related_order_id=optional_identifier(data.get("I")),
            status=status(data["X"]),
            side=side(data["S"]),
            symbol=text(data["s"]),
            order_type=order_type(data["o"]),
            price=optional_decimal(data.get("p")),
            quantity=optional_decimal(data.get("q")),
            executed_quantity=decimal(data["z"]),
            executed_quote_quantity=decimal(data["Z"]),
            post_only=data.get("y") is True,  # market orders have no such key (recorded)
            reduce_only=flag(data["r"]),
            trigger_price=optional_decimal(data.get("P")),
            trigger_text=data.get("Y"),
            trigger_quantity=trigger_quantity,
            trigger_percent=trigger_percent,
            trigger_by=data.get("B"),
            stop_loss_trigger_price=optional_decimal(data.get("b")),
            expiry_reason=data.get("R"),
            origin=data.get("O"),
            fill=_fill(data) if event is OrderEvent.FILLED else None,
            engine_us=whole(data["T"]),
            emitted_us=whole(data["E"]),
        )


def parse_position_update(data: Row) -> PositionUpdate:
    """Return the state of a position."""
    with reading("position update"):
        event = data.get("e")
        if event not in _POSITION_EVENTS:
            raise ValueError(f"unknown event {event!r}")
        return PositionUpdate(
            event=event,
            symbol=text(data["s"]),
            position_id=identifier(data["i"]),
            net_quantity=decimal(data["q"]),
            entry_price=decimal(data["B"]),
            break_even_price=decimal(data["b"]),
            mark_price=decimal(data["M"]),
            exposure_quantity=decimal(data["Q"]),
            exposure_notional=decimal(data["n"]),
            pnl_unrealized=decimal(data["P"]),
            pnl_realized=decimal(data["p"]),
            engine_us=whole(data["T"]),
            emitted_us=whole(data["E"]),
        )


def _fill(data: Row) -> FillInfo:
    return FillInfo(
        symbol=text(data["s"]),
        exchange_id=identifier(data["i"]),
        client_id=optional_whole(data.get("c")),
        trade_id=optional_whole(data.get("t")),
        side=side(data["S"]),
        price=decimal(data["L"]),
        quantity=decimal(data["l"]),
        fee=optional_decimal(data.get("n")),
        fee_asset=data.get("N"),
        is_maker=flag(data["m"]),
        filled_at_us=whole(data["T"]),
    )


class _GridReader:
    """A market's grid that remembers the texts it has read lately: a book repeats its prices all day.

    `typed`, because 1, 1.0 and True are one key otherwise, and True is no price.
    """

    def __init__(self, grid: MarketGrid) -> None:
        self.ticks = lru_cache(_REMEMBERED_TEXTS, typed=True)(lambda value: grid.ticks(decimal(value)))
        self.lots = lru_cache(_REMEMBERED_TEXTS, typed=True)(lambda value: grid.lots(decimal(value)))


_reader = lru_cache(_REMEMBERED_GRIDS)(_GridReader)


def _levels(levels: list[list[str]], grid: MarketGrid) -> Levels:
    reader = _reader(grid)
    ticks, lots = reader.ticks, reader.lots
    return tuple([(ticks(price), lots(quantity)) for price, quantity in levels])


def _level(price: object, quantity: object, grid: MarketGrid) -> tuple[int, int] | None:
    if price is None and quantity is None:
        return None
    return grid.ticks(decimal(price)), grid.lots(decimal(quantity))
