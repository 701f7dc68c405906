"""Equity, initial margin and funds: whether an account can afford an order."""

from __future__ import annotations

from decimal import Decimal

from sandbox.engine.accounts import Account
from sandbox.engine.money import MONEY_DECIMALS, money
from sandbox.engine.orders import OrderRequest, OrderType, Side
from sandbox.engine.venue import Market, Venue
from sandbox.errors import Refused

SETTLEMENT_ASSET = "USDC"


def as_decimal(units: int) -> Decimal:
    """Return an amount of money as a decimal number."""
    return Decimal(units).scaleb(-MONEY_DECIMALS)


def unrealised(account: Account) -> int:
    """Return the open profit of all positions, in money."""
    return sum(position.unrealised() for position in account.positions.values())


def equity(account: Account) -> int:
    """Return what the account is worth in settlement currency, in money; other assets do not count yet."""
    return account.balances.get(SETTLEMENT_ASSET, 0) + unrealised(account)


def margin_ratio(account: Account, market: Market, notional: Decimal) -> Decimal:
    """Return the initial margin ratio: the market's function, or the account's leverage if that is stricter."""
    function = market.spec.rules.imf
    floor = 1 / account.leverage_limit
    return floor if function is None else max(floor, function.ratio(notional))


def notional(market: Market, lots: int) -> int:
    """Return the value of a quantity at the mark price, in money; 0 while there is no mark."""
    return market.spec.value(market.mark_ticks or market.last_ticks or 0, lots)


def initial_margin(venue: Venue, account: Account, *, extra: dict[str, int] | None = None) -> int:
    """Return the margin that positions and resting orders hold, in money.

    `extra` replaces the exposure (lots) of markets, to ask what an order would need.
    """
    exposures = dict.fromkeys(account.positions, 0)
    exposures.update({order.market.spec.symbol: 0 for order in account.live.values()})
    for symbol in exposures:
        exposures[symbol] = account.exposure_lots(venue.markets[symbol])
    exposures.update(extra or {})
    total = Decimal(0)
    for symbol, lots in exposures.items():
        market = venue.markets[symbol]
        if market.spec.is_perp and lots:
            value = as_decimal(notional(market, lots))
            total += value * margin_ratio(account, market, value)
    return money(total.quantize(Decimal("1e-12")))


def maintenance_margin(venue: Venue, account: Account) -> int:
    """Return the margin below which the exchange would liquidate, in money."""
    total = Decimal(0)
    for market in venue.markets.values():
        function = market.spec.rules.mmf
        value = as_decimal(notional(market, account.exposure_lots(market)))
        if function is not None and value:
            total += value * function.ratio(value)
    return money(total.quantize(Decimal("1e-12")))


def check_funds(venue: Venue, account: Account, market: Market, request: OrderRequest, lots: int) -> None:
    """Check that an account can afford an order. Raises: Refused."""
    if not market.spec.is_perp:
        _check_spot(account, market, request, lots)
    elif not request.reduce_only:
        _check_margin(venue, account, market, request, lots)


def _check_spot(account: Account, market: Market, request: OrderRequest, lots: int) -> None:
    spec = market.spec
    if request.side is Side.ASK:
        asset, needed = spec.base, lots * spec.lot_money
    else:
        asset, needed = spec.quote, spec.value(_price(market, request), lots)
    if needed > account.available(asset):
        raise Refused("INSUFFICIENT_FUNDS", "Insufficient funds", reason="InsufficientFunds")


def _price(market: Market, request: OrderRequest) -> int:
    if request.order_type is OrderType.LIMIT and request.price_ticks is not None:
        return request.price_ticks
    return market.book.sides[request.side.opposite].best() or market.active_ticks or 0


def _check_margin(venue: Venue, account: Account, market: Market, request: OrderRequest, lots: int) -> None:
    held = account.position_lots(market)
    resting = account.resting_lots(market, request.side)
    now = account.exposure_lots(market)
    after = max(now, abs(held + request.side.sign * (resting + lots)))
    if after == now:
        return
    if initial_margin(venue, account, extra={market.spec.symbol: after}) > equity(account):
        raise Refused("INSUFFICIENT_MARGIN", "Insufficient margin", reason="InsufficientMargin")
