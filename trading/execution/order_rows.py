"""Order rows: what the exchange shows of an order, written by answers, private streams and look-ups alike."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from accounts.models import ExchangeAccount
from trading.exchange.ports import ExchangeOrder
from trading.models import Market, Order, OrderIntent


def store_placed(placed: Sequence[tuple[OrderIntent, ExchangeOrder]]) -> None:
    """Store the orders of answers, unless the private stream has stored them already: it knows more."""
    rows = [order_row(shown, account=intent.account, market=intent.market, intent=intent) for intent, shown in placed]
    Order.objects.bulk_create(rows, ignore_conflicts=True)


def order_row(shown: ExchangeOrder, *, account: ExchangeAccount, market: Market, intent: OrderIntent | None) -> Order:
    """Return an unsaved row for an order that REST has shown."""
    return Order(
        customer_id=account.customer_id,
        account=account,
        market=market,
        intent=intent,
        position_id=None if intent is None else intent.position_id,
        exchange_id=shown.exchange_id,
        related_exchange_id=shown.related_order_id or "",
        client_id=shown.client_id,
        side=shown.side.value,
        order_type=shown.order_type,
        status=shown.status.value,
        price=shown.price,
        quantity=shown.quantity if shown.quantity is not None else Decimal(0),
        executed_quantity=shown.executed_quantity,
        executed_quote=shown.executed_quote_quantity,
        post_only=bool(shown.post_only),
        reduce_only=bool(shown.reduce_only),
        trigger_price=shown.trigger_price,
        trigger_quantity=shown.trigger_quantity,
        placed_us=shown.created_at_ms * 1_000,
        updated_us=shown.created_at_ms * 1_000,
    )
