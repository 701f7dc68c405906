"""Taking an order: the checks that need the book or the account, then the match; and firing triggers.

"Reduce only order not reduced" and "Maximum stop orders per position reached" are what public bots report; the
exchange's own documents have only the expiry reasons.
"""

from __future__ import annotations

from dataclasses import replace

from sandbox.engine import endings, margin, matching, protection, triggers
from sandbox.engine.accounts import Account
from sandbox.engine.events import OrderEvent
from sandbox.engine.orders import (
    Expiry,
    Order,
    OrderRequest,
    OrderType,
    Reference,
    Role,
    Status,
    TimeInForce,
)
from sandbox.engine.reduce_only import reducible_lots
from sandbox.engine.venue import Market, Venue
from sandbox.errors import Refused
from sandbox.settings import DuplicateClientIds


def place(venue: Venue, account: Account, market: Market, request: OrderRequest) -> Order:
    """Take an order, or let it wait for its trigger. Raises: Refused, and then no order exists."""
    _check_client_id(venue, account, request)
    if request.trigger_ticks is None:
        role = Role.EXIT if request.reduce_only else Role.ENTRY
        return submit(venue, account, market, request, role=role)
    if triggers.too_many_stops(venue, account, market, request):
        raise Refused.order("Maximum stop orders per position reached", reason=Expiry.MAX_STOP_ORDERS.value)
    return triggers.place(venue, account, market, request)


def submit(venue: Venue, account: Account, market: Market, request: OrderRequest, *, role: Role) -> Order:
    """Take an order that works at once. Raises: Refused."""
    lots = _lots(account, market, request)
    limit = _limit(market, request)
    _check_price(market, request)
    if request.post_only and limit is not None and matching.crosses(market, request.side, limit):
        raise Refused.order("Order would immediately match and take", reason=Expiry.POST_ONLY_TAKER.value)
    margin.check_funds(venue, account, market, request, lots)
    order = Order(
        id=venue.order_id(),
        account=account,
        market=market,
        request=request,
        role=role,
        created_us=venue.now_us,
        status=Status.NEW,
        lots=lots,
        quote_estimate=_quote_estimate(market, request, lots),
    )
    account.orders[order.id] = order
    venue.listener.on_order(OrderEvent.ACCEPTED, order, None)
    _work(venue, order, limit)
    return order


def fire(venue: Venue, trigger: Order) -> None:
    """Turn a waiting order into one that works; the new one has its own id and names the old one as related."""
    endings.stop_waiting(trigger)
    account, market = trigger.account, trigger.market
    assert trigger.trigger_quantity is not None
    held = abs(account.position_lots(market))
    lots = trigger.trigger_quantity.resolve(held)
    if (trigger.reduce_only and held == 0) or lots == 0:
        endings.fail_trigger(venue, trigger, Expiry.STOP_WITHOUT_POSITION)
        return
    request = replace(
        trigger.request,
        lots=lots,
        trigger_ticks=None,
        trigger_quantity=None,
        trigger_by=None,
        client_id=None,
        related_id=trigger.id,
    )
    trigger.triggered_us = trigger.ended_us = venue.now_us
    trigger.status = Status.TRIGGERED
    try:
        submit(venue, account, market, request, role=Role.STOP)
    except Refused as refusal:
        endings.fail_trigger(venue, trigger, Expiry(refusal.reason or Expiry.REDUCE_ONLY.value))
    protection.update(venue, account, market)


def fire_due(venue: Venue, market: Market, references: tuple[Reference, ...]) -> None:
    """Fire every trigger whose price has come; a fired order may move the last price and fire others."""
    while (trigger := triggers.next_due(market, references)) is not None:
        fire(venue, trigger)


def _work(venue: Venue, order: Order, limit: int | None) -> None:
    request = order.request
    if request.time_in_force is TimeInForce.FOK:
        reach = (
            0 if limit is None else matching.fillable(order.market, order.account, order.side, limit, wanted=order.lots)
        )
        if reach < order.lots:
            endings.expire(venue, order, Expiry.FILL_OR_KILL)
            return
    matching.finish(venue, order, matching.sweep(venue, order, limit))
    if not order.market.spec.is_perp and order.is_live:
        spec = order.market.spec
        venue.listener.on_balance(order.account, spec.quote if order.side.sign > 0 else spec.base)


def _check_client_id(venue: Venue, account: Account, request: OrderRequest) -> None:
    if request.client_id is None or venue.settings.duplicate_client_ids is DuplicateClientIds.ACCEPT:
        return
    if any(order.request.client_id == request.client_id for order in account.live.values()):
        raise Refused.client("Duplicate client id")


def _lots(account: Account, market: Market, request: OrderRequest) -> int:
    lots = request.lots
    if lots is None:
        assert request.quote is not None
        lots = matching.lots_for_quote(market, request.side, request.quote)
    if request.reduce_only:
        lots = min(lots, reducible_lots(account, market, request.side.sign))
        if lots == 0:
            raise Refused.order("Reduce only order not reduced", reason=Expiry.REDUCE_ONLY.value)
    if lots == 0:
        raise Refused.client("Quantity is below the minimum allowed value")
    return lots


def _limit(market: Market, request: OrderRequest) -> int | None:
    if request.order_type is OrderType.LIMIT:
        return request.price_ticks
    return matching.sweep_limit(market, request.side)


def _check_price(market: Market, request: OrderRequest) -> None:
    """Check a limit price against the last active price and the mark; which rule speaks first is not documented."""
    price = request.price_ticks
    if price is None:
        return
    rules = market.spec.rules
    for base, (most, least) in ((market.active_ticks, rules.reach), (market.mark_ticks, rules.band)):
        if base is not None and not float(least) * base <= price <= float(most) * base:
            raise Refused(
                "INVALID_CLIENT_REQUEST",
                "Price is too far from the last active price",
                reason=Expiry.PRICE_OUT_OF_BOUNDS.value,
            )


def _quote_estimate(market: Market, request: OrderRequest, lots: int) -> int | None:
    """Return what the exchange echoes as quote quantity of a market order: what was asked, or its best-price value."""
    if request.order_type is OrderType.LIMIT:
        return None
    if request.quote is not None:
        return request.quote
    best = market.book.sides[request.side.opposite].best() or market.active_ticks
    return None if best is None else market.spec.value(best, lots)
