"""The shapes of positions, balances and accounts in REST answers."""

from __future__ import annotations

from decimal import Decimal

from sandbox.engine import margin
from sandbox.engine.accounts import Account
from sandbox.engine.market import MarginFunction
from sandbox.engine.money import money_text, trimmed_text
from sandbox.engine.positions import Position
from sandbox.engine.venue import Venue
from sandbox.web.order_shapes import Shape
from sandbox.web.times import iso_ms

_PRICE_DECIMALS = Decimal("1e-10")


def plain(number: Decimal) -> str:
    """Return a decimal number without exponent and trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def entry_price(position: Position) -> Decimal:
    """Return what one unit of the open part cost, 0 when flat (as the exchange shows it)."""
    if position.lots == 0:
        return Decimal(0)
    quantity = position.lots * position.market.spec.lot_money
    return (Decimal(position.cost) / quantity).quantize(_PRICE_DECIMALS)


def break_even_price(position: Position) -> Decimal:
    """Return the price at which the open part earns its fees back, 0 when flat."""
    if position.lots == 0:
        return Decimal(0)
    quantity = position.lots * position.market.spec.lot_money
    return (Decimal(position.cost + position.fees) / quantity).quantize(_PRICE_DECIMALS)


def ratios(position: Position) -> tuple[str, str]:
    """Return initial and maintenance margin ratio of a position as text."""
    rules = position.market.spec.rules
    notional = margin.as_decimal(margin.notional(position.market, abs(position.lots)))
    return _ratio(rules.imf, notional), _ratio(rules.mmf, notional)


def position_shape(position: Position) -> Shape:
    """Return a position as GET /position answers it."""
    spec, market, account = position.market.spec, position.market, position.account
    exposure = account.exposure_lots(market)
    imf, mmf = ratios(position)
    return {
        "breakEvenPrice": plain(break_even_price(position)),
        "cumulativeFundingPayment": "0",
        "cumulativeInterest": "0",
        "entryPrice": plain(entry_price(position)),
        "estLiquidationPrice": "0",
        "imf": imf,
        "imfFunction": function_shape(spec.rules.imf),
        "markPrice": "0" if market.mark_ticks is None else spec.price_trimmed(market.mark_ticks),
        "mmf": mmf,
        "mmfFunction": function_shape(spec.rules.mmf),
        "netCost": money_text(position.cost),
        "netExposureNotional": money_text(margin.notional(market, exposure)),
        "netExposureQuantity": spec.quantity_trimmed(exposure),
        "netQuantity": spec.quantity_trimmed(position.lots),
        "pnlRealized": money_text(position.realised, decimals=6),
        "pnlUnrealized": money_text(position.unrealised(), decimals=6),
        "positionId": str(position.id),
        "subaccountId": None,
        "symbol": spec.symbol,
        "userId": account.user_id,
    }


def position_history_shape(position: Position) -> Shape:
    """Return an open or closed position as the history has it."""
    spec, market = position.market.spec, position.market
    exposure = position.account.exposure_lots(market) if position.lots else 0
    closing = None
    if position.closed_lots:
        closing = plain(
            (Decimal(position.closing_value) / (position.closed_lots * spec.lot_money)).quantize(_PRICE_DECIMALS)
        )
    return {
        "accountLeverage": plain(position.account.leverage_limit),
        "closedAt": None if position.closed_us is None else iso_ms(position.closed_us),
        "closedVolume": spec.quantity_trimmed(position.closed_lots),
        "closingPrice": closing,
        "cumulativePnlRealized": money_text(position.realised, decimals=6),
        "entryPrice": plain(entry_price(position)),
        "fees": money_text(position.fees, decimals=6),
        "fundingQuantity": "0",
        "id": str(position.id),
        "imf": ratios(position)[0],
        "interest": "0",
        "liquidated": "0",
        "liquidationFees": "0",
        "markPrice": "0" if market.mark_ticks is None else spec.price_trimmed(market.mark_ticks),
        "netCost": money_text(position.cost),
        "netExposureNotional": money_text(margin.notional(market, exposure)),
        "netExposureQuantity": spec.quantity_trimmed(exposure),
        "netQuantity": spec.quantity_trimmed(position.lots),
        "openedAt": iso_ms(position.opened_us),
        "state": "Open" if position.closed_us is None else "Closed",
        "symbol": spec.symbol,
        "unrealizedPnl": money_text(position.unrealised(), decimals=6),
    }


def capital_shape(account: Account) -> Shape:
    """Return an account's balances by asset."""
    return {
        asset: {
            "available": money_text(account.available(asset)),
            "locked": money_text(account.locked(asset)),
            "staked": "0",
        }
        for asset in sorted(account.balances)
    }


def collateral_shape(venue: Venue, account: Account) -> Shape:
    """Return an account's equity and margin; only the settlement currency counts as collateral yet."""
    asset = margin.SETTLEMENT_ASSET
    held = account.balances.get(asset, 0)
    equity = margin.equity(account)
    used = margin.initial_margin(venue, account)
    exposure = sum(
        margin.notional(market, account.exposure_lots(market))
        for market in venue.markets.values()
        if market.spec.is_perp
    )
    return {
        "assetsValue": money_text(held),
        "borrowLiability": "0",
        "collateral": [
            {
                "assetMarkPrice": "1",
                "availableQuantity": money_text(account.available(asset)),
                "balanceNotional": money_text(held),
                "collateralValue": money_text(held),
                "collateralWeight": "1",
                "lendQuantity": "0",
                "openOrderQuantity": money_text(account.locked(asset)),
                "symbol": asset,
                "totalQuantity": money_text(held),
            }
        ],
        "imf": _share(used, exposure),
        "liabilitiesValue": "0",
        "marginFraction": None if exposure == 0 else plain((Decimal(equity) / exposure).quantize(_PRICE_DECIMALS)),
        "mmf": _share(margin.maintenance_margin(venue, account), exposure),
        "netEquity": money_text(equity),
        "netEquityAvailable": money_text(max(0, equity - used)),
        "netEquityLocked": money_text(used),
        "netExposureFutures": money_text(exposure),
        "pnlUnrealized": money_text(margin.unrealised(account), decimals=6),
        "unsettledEquity": money_text(margin.unrealised(account), decimals=6),
    }


def account_shape(account: Account) -> Shape:
    """Return an account's settings and counts; fees are basis points as text."""
    waiting = sum(order.is_trigger for order in account.live.values())
    return {
        "autoBorrowSettlements": account.auto_borrow_settlements,
        "autoLend": account.auto_lend,
        "autoRealizePnl": True,
        "autoRepayBorrows": account.auto_repay_borrows,
        "borrowLimit": "0",
        "futuresMakerFee": str(account.fees.futures_maker_bps),
        "futuresTakerFee": str(account.fees.futures_taker_bps),
        "leverageLimit": plain(account.leverage_limit),
        "limitOrders": len(account.live) - waiting,
        "liquidating": False,
        "positionLimit": "0",
        "spotMakerFee": str(account.fees.spot_maker_bps),
        "spotTakerFee": str(account.fees.spot_taker_bps),
        "triggerOrders": waiting,
    }


def function_shape(function: MarginFunction | None) -> Shape | None:
    """Return a margin function as market rows and positions carry it."""
    if function is None:
        return None
    return {"base": plain(function.base), "factor": plain(function.factor), "type": "sqrt"}


def _ratio(function: MarginFunction | None, notional: Decimal) -> str:
    return "0" if function is None else plain(function.ratio(notional).quantize(Decimal("1e-8")))


def _share(part: int, whole: int) -> str:
    return "1" if whole == 0 else trimmed_text(part * 10**8 // whole, 8)
