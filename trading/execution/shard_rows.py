"""Shard rows: what an evaluation reads, in three statements whose SQL is made once.

Building and compiling the same querysets anew costs three times what PostgreSQL takes to answer them
(docs/adr/0008-workers.md), and an evaluation waits for nothing else as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model

from accounts.models import Customer, ExchangeAccount
from trading.models import Bot, Market, Order, OrderIntent, Position

_OF_SHARD = "t.market_id = (SELECT id FROM trading_market WHERE symbol = %s) AND a.shard = %s"


@dataclass(slots=True)
class BotRows:
    """A bot with what it has, or may have, at the exchange.

    An account has one net position in a market: where it is not this bot's, the market is taken.
    """

    bot: Bot
    position: Position | None = None
    live_intents: list[OrderIntent] = field(default_factory=list)
    market_is_taken: bool = False


def load_shard(*, symbol: str, shard: int) -> list[BotRows]:
    """Return the bots of a shard that trade a symbol, or still hold something in it."""
    # intents before positions: a fill between the two reads shows an entry and its position, never neither
    intents = list(_live_intents(symbol, shard))
    positions = [position for (position,) in _read(_positions_sql(), (Position,), [symbol, shard])]
    holding = {row.bot_id for row in (*intents, *positions)}
    rows = {bot.pk: BotRows(bot) for bot in _bots(symbol, shard, sorted(filter(None, holding)))}
    for intent in intents:
        if intent.bot_id is not None:  # the statement leaves them out
            rows[intent.bot_id].live_intents.append(intent)
    by_account = {position.account_id: position for position in positions}
    for one in rows.values():
        position = by_account.get(one.bot.account_id)
        if position is not None and position.bot_id == one.bot.pk:
            one.position = position
        one.market_is_taken = position is not None and one.position is None
    return list(rows.values())


def _live_intents(symbol: str, shard: int) -> Iterator[OrderIntent]:
    for intent, order in _read(_intents_sql(), (OrderIntent, Order), [symbol, shard]):
        if order is not None:
            intent.order = order
        yield intent


def _bots(symbol: str, shard: int, holding: Sequence[int]) -> Iterator[Bot]:
    models = (Bot, ExchangeAccount, Customer, Market)
    for bot, account, customer, market in _read(_bots_sql(), models, [symbol, shard, list(holding)]):
        account.customer = customer
        bot.account, bot.market = account, market
        yield bot


def _read(sql: str, models: Sequence[type[Model]], parameters: list[Any]) -> Iterator[tuple[Any, ...]]:
    """Run a statement and return one instance of each model per row; None where an outer join found nothing."""
    names = [_column_names(model) for model in models]
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
    for row in rows:
        start, instances = 0, []
        for model, columns in zip(models, names, strict=True):
            values = row[start : start + len(columns)]
            start += len(columns)
            instances.append(None if values[0] is None else model.from_db(connection.alias, columns, values))
        yield tuple(instances)


@cache
def _column_names(model: type[Model]) -> list[str]:
    """Return the attribute names of a model's columns; the primary key is the first."""
    return [column.attname for column in model._meta.concrete_fields]


def _columns(model: type[Model], alias: str) -> str:
    return ", ".join(f'{alias}."{column.column}"' for column in model._meta.concrete_fields)


@cache
def _intents_sql() -> str:
    return f"""
        SELECT {_columns(OrderIntent, "t")}, {_columns(Order, "o")}
        FROM trading_orderintent t
        JOIN accounts_exchangeaccount a ON a.id = t.account_id
        LEFT JOIN trading_order o ON o.intent_id = t.id
        WHERE {_OF_SHARD} AND t.is_live AND t.bot_id IS NOT NULL
    """  # noqa: S608 - names of tables and columns only


@cache
def _positions_sql() -> str:
    return f"""
        SELECT {_columns(Position, "t")}
        FROM trading_position t
        JOIN accounts_exchangeaccount a ON a.id = t.account_id
        WHERE {_OF_SHARD} AND t.state <> 'closed'
    """  # noqa: S608


@cache
def _bots_sql() -> str:
    return f"""
        SELECT {_columns(Bot, "t")}, {_columns(ExchangeAccount, "a")},
               {_columns(Customer, "c")}, {_columns(Market, "m")}
        FROM trading_bot t
        JOIN accounts_exchangeaccount a ON a.id = t.account_id
        JOIN accounts_customer c ON c.id = a.customer_id
        JOIN trading_market m ON m.id = t.market_id
        WHERE {_OF_SHARD} AND (t.status = 'live' OR t.id = ANY(%s))
    """  # noqa: S608
