"""Wire: single values as Backpack writes them, read strictly.

The same field comes as text in one place and as a number in another (ids, client ids, position values), so
the readers take both; anything else is an error, never a default.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal, DecimalException
from typing import Any, TypeVar

import orjson

from trading.core.errors import OffGrid
from trading.core.units import Side
from trading.exchange.errors import UnexpectedAnswer
from trading.exchange.orders import OrderStatus, OrderType

Row = dict[str, Any]
_Word = TypeVar("_Word")

# what reading a row can raise when the row is not what it should be
MALFORMED = (KeyError, IndexError, TypeError, ValueError, AttributeError, DecimalException, OffGrid)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SIDES = {side.value: side for side in Side}
_ORDER_TYPES: dict[str, OrderType] = {
    "Limit": "Limit",
    "Market": "Market",
    "LIMIT": "Limit",  # the streams shout
    "MARKET": "Market",
}
_STATUSES = {str(status): status for status in OrderStatus}


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever a malformed row raises into UnexpectedAnswer that names what was read."""
    try:
        yield
    except MALFORMED as error:
        raise UnexpectedAnswer(f"{what}: {type(error).__name__}: {error}") from error


def json_of(body: bytes, what: str) -> Any:
    """Return a body's JSON. Raises: UnexpectedAnswer, without quoting the body."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UnexpectedAnswer(f"{what}: {len(body)} bytes that are not JSON") from error


def decimal(value: object) -> Decimal:
    """Return an amount. A JSON number is taken by its shortest text, which is what was written."""
    if isinstance(value, str):
        number = Decimal(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = Decimal(repr(value))
    else:
        raise TypeError(f"{type(value).__name__} is no amount")
    if not number.is_finite():
        raise ValueError("an amount that is not finite")
    return number


def optional_decimal(value: object) -> Decimal | None:
    """Return an amount, or None for null and absent."""
    return None if value is None else decimal(value)


def whole(value: object) -> int:
    """Return an integer that may be written as text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(f"{type(value).__name__} is no integer")
    return int(value)


def optional_whole(value: object) -> int | None:
    """Return an integer, or None for null and absent."""
    return None if value is None else whole(value)


def identifier(value: object) -> str:
    """Return an id as text, however it is written. Raises: TypeError for null."""
    return str(whole(value))


def optional_identifier(value: object) -> str | None:
    """Return an id as text, or None for null and absent."""
    return None if value is None else identifier(value)


def text(value: object) -> str:
    """Return a text that has to be there."""
    if not isinstance(value, str) or not value:
        raise TypeError(f"{type(value).__name__} is no text")
    return value


def flag(value: object) -> bool:
    """Return a boolean that has to be there."""
    if not isinstance(value, bool):
        raise TypeError(f"{type(value).__name__} is no boolean")
    return value


def side(value: object) -> Side:
    """Return a side. Raises: ValueError for a word that we do not know."""
    return _known(_SIDES, value, "side")


def order_type(value: object) -> OrderType:
    """Return an order type in REST's spelling. Raises: ValueError for a word that we do not know."""
    return _known(_ORDER_TYPES, value, "order type")


def status(value: object) -> OrderStatus:
    """Return an order's status. Raises: ValueError for a word that we do not know."""
    return _known(_STATUSES, value, "status")


def trigger_amount(value: object) -> tuple[Decimal | None, Decimal | None]:
    """Return a trigger quantity as (absolute, percent), of which at most one is there."""
    if value is None:
        return None, None
    if isinstance(value, str) and value.endswith("%"):
        return None, decimal(value[:-1])
    return decimal(value), None


def moment_us(value: object) -> int:
    """Return a time in microseconds since the epoch, from milliseconds or naive ISO text (which is UTC)."""
    if isinstance(value, str) and not value.isdigit():
        return (datetime.fromisoformat(value).replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
    return whole(value) * 1_000


def _known(words: dict[str, _Word], value: object, what: str) -> _Word:
    found = words.get(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"unknown {what} {value!r}")
    return found
