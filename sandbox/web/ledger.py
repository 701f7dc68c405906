"""The ledger: the exchange's own truth about orders, fills, positions and naked time, for tests and summaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sandbox.engine.accounts import Account
from sandbox.engine.events import Fill
from sandbox.engine.orders import Order
from sandbox.engine.positions import Position
from sandbox.engine.venue import Venue
from sandbox.web.account_shapes import entry_price, plain
from sandbox.web.order_shapes import Shape, fill_shape, order_shape


def ledger_shape(venue: Venue, *, chosen: Sequence[str] = ()) -> Shape:
    """Return everything, or the details of chosen accounts only.

    Units: times in us of market time, naked_ms in ms of market time.
    """
    accounts = {
        name: _account_shape(venue, account) for name, account in venue.accounts.items() if not chosen or name in chosen
    }
    return {
        "accounts": accounts,
        "counts": _counts(venue),
        "events": venue.market_events,
        "market_time_us": venue.now_us,
    }


def _counts(venue: Venue) -> Shape:
    accounts = venue.accounts.values()
    fills = [fill for account in accounts for fill in account.fills]
    return {
        "cross_tenant_entry_trades": _crosses(fills, ("entry",)),
        "cross_tenant_exit_trades": _crosses(fills, ("exit", "stop")),
        "duplicates": sum(_duplicates(account) for account in accounts),
        "fills": len(fills),
        "orders": sum(len(account.orders) for account in accounts),
        "positions_open": sum(len(account.positions) for account in accounts),
        "self_trades": sum(not fill.is_maker and fill.counterparty is fill.order.account for fill in fills),
    }


def _crosses(fills: list[Fill], aggressors: tuple[str, ...]) -> int:
    """Count trades of two different accounts, each once, by what the taking order was for."""
    return sum(
        not fill.is_maker
        and fill.counterparty is not None
        and fill.counterparty is not fill.order.account
        and fill.aggressor is not None
        and fill.aggressor.value in aggressors
        for fill in fills
    )


def _duplicates(account: Account) -> int:
    """Count orders beyond the first with the same client id."""
    ids = Counter(o.request.client_id for o in account.orders.values() if o.request.client_id is not None)
    return sum(count - 1 for count in ids.values())


def _account_shape(venue: Venue, account: Account) -> Shape:
    positions = [*account.closed_positions, *account.positions.values()]
    return {
        "duplicates": _duplicates(account),
        "fills": [_fill_shape(fill) for fill in account.fills],
        "naked_ms": sum(_naked_us(position, venue.now_us) for position in positions) / 1_000,
        "orders": [_order_shape(order) for order in account.orders.values()],
        "positions": [_position_shape(position, venue.now_us) for position in positions],
    }


def _order_shape(order: Order) -> Shape:
    return {
        **order_shape(order),
        "endedUs": order.ended_us,
        "expiryReason": None if order.expiry is None else order.expiry.value,
        "createdUs": order.created_us,
        "role": order.role.value,
        "triggeredUs": order.triggered_us,
        "waitsForRise": order.fires_rising if order.is_trigger else None,
    }


def _fill_shape(fill: Fill) -> Shape:
    return {
        **fill_shape(fill),
        "aggressor": None if fill.aggressor is None else fill.aggressor.value,
        "atUs": fill.at_us,
        "counterparty": None if fill.counterparty is None else fill.counterparty.name,
        "role": fill.order.role.value,
    }


def _position_shape(position: Position, now_us: int) -> Shape:
    spec = position.market.spec
    return {
        "closedUs": position.closed_us,
        "entryPrice": plain(entry_price(position)),
        "id": str(position.id),
        "largestQuantity": spec.quantity_trimmed(position.largest_lots),
        "nakedIntervalsUs": position.naked,
        "nakedSinceUs": position.naked_since_us,
        "nakedUs": _naked_us(position, now_us),
        "netQuantity": spec.quantity_trimmed(position.lots),
        "openedUs": position.opened_us,
        "symbol": spec.symbol,
    }


def _naked_us(position: Position, now_us: int) -> int:
    running = 0 if position.naked_since_us is None else now_us - position.naked_since_us
    return running + sum(end - start for start, end in position.naked)
