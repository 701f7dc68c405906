"""Answers: Backpack's REST answers as values. A reader raises UnexpectedAnswer for what it does not know."""

from __future__ import annotations

from typing import Any

from trading.core.units import MarketGrid
from trading.exchange.backpack.wire import (
    Row,
    decimal,
    flag,
    identifier,
    moment_us,
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
from trading.exchange.orders import ExchangeOrder
from trading.exchange.readings import (
    AccountInfo,
    AssetBalance,
    Collateral,
    DepthSnapshot,
    FillInfo,
    MarginFunction,
    MarketInfo,
    MarkPrice,
    PositionInfo,
)


def rows(document: Any, what: str) -> list[Row]:
    """Return an array of objects."""
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise UnexpectedAnswer(f"{what}: not an array of objects")
    return document


def order(row: Row) -> ExchangeOrder:
    """Return an order from an answer, from the open orders or from the history."""
    with reading("order"):
        trigger_quantity, trigger_percent = trigger_amount(row.get("triggerQuantity"))
        return ExchangeOrder(
            exchange_id=identifier(row["id"]),
            client_id=optional_whole(row.get("clientId")),
            symbol=text(row["symbol"]),
            side=side(row["side"]),
            order_type=order_type(row["orderType"]),
            status=status(row["status"]),
            price=optional_decimal(row.get("price")),
            quantity=optional_decimal(row.get("quantity")),
            executed_quantity=decimal(row["executedQuantity"]),
            executed_quote_quantity=decimal(row["executedQuoteQuantity"]),
            post_only=row.get("postOnly") is True,  # market orders have no such key (recorded)
            # recorded: null where it was not sent, and no such key in rows of the history
            reduce_only=row["reduceOnly"] is True if "reduceOnly" in row else None,
            trigger_price=optional_decimal(row.get("triggerPrice")),
            trigger_quantity=trigger_quantity,
            trigger_percent=trigger_percent,
            trigger_by=row.get("triggerBy"),
            stop_loss_trigger_price=optional_decimal(row.get("stopLossTriggerPrice")),
            related_order_id=optional_identifier(row.get("relatedOrderId")),
            expiry_reason=row.get("expiryReason"),
            created_at_ms=moment_us(row["createdAt"]) // 1_000,
        )


def depth(symbol: str, document: Any) -> DepthSnapshot:
    """Return a book, best level first on both sides.

    Backpack sends both sides in ascending order of price, so its best bid is the LAST one (recorded). Sorting
    instead of reversing keeps the result right should that ever change.
    """
    with reading("depth"):
        bids = [(decimal(price), decimal(quantity)) for price, quantity in document["bids"]]
        asks = [(decimal(price), decimal(quantity)) for price, quantity in document["asks"]]
        return DepthSnapshot(
            symbol=symbol,
            last_update_id=whole(document["lastUpdateId"]),
            bids=tuple(sorted(bids, reverse=True)),
            asks=tuple(sorted(asks)),
            engine_us=whole(document["timestamp"]),
        )


def mark_price(row: Row) -> MarkPrice:
    """Return a market's mark price; the funding fields are there for perpetuals only."""
    with reading("mark price"):
        return MarkPrice(
            symbol=text(row["symbol"]),
            mark_price=decimal(row["markPrice"]),
            index_price=optional_decimal(row.get("indexPrice")),
            funding_rate=optional_decimal(row.get("fundingRate")),
            next_funding_ms=optional_whole(row.get("nextFundingTimestamp")),
        )


def market(row: Row) -> MarketInfo:
    """Return a market. Type and state stay words: a new kind of market must not hide the others."""
    with reading(f"market {row.get('symbol')}"):
        price, quantity = row["filters"]["price"], row["filters"]["quantity"]
        band = price.get("meanMarkPriceBand")
        return MarketInfo(
            symbol=text(row["symbol"]),
            base_symbol=text(row["baseSymbol"]),
            quote_symbol=text(row["quoteSymbol"]),
            market_type=text(row["marketType"]),
            order_book_state=text(row["orderBookState"]),
            grid=MarketGrid(
                tick_size=decimal(price["tickSize"]),
                step_size=decimal(quantity["stepSize"]),
                min_quantity=decimal(quantity["minQuantity"]),
            ),
            max_quantity=optional_decimal(quantity.get("maxQuantity")),
            min_multiplier=optional_decimal(price.get("minMultiplier")),
            max_multiplier=optional_decimal(price.get("maxMultiplier")),
            mark_band=band and (decimal(band["minMultiplier"]), decimal(band["maxMultiplier"])),
            funding_interval_ms=optional_whole(row.get("fundingInterval")),
            initial_margin=_margin_function(row.get("imfFunction")),
            maintenance_margin=_margin_function(row.get("mmfFunction")),
        )


def position(row: Row) -> PositionInfo:
    """Return a position. A liquidation price of 0 means "not computed" (changelog of 2025-09-01)."""
    with reading("position"):
        return PositionInfo(
            symbol=text(row["symbol"]),
            position_id=identifier(row["positionId"]),
            net_quantity=decimal(row["netQuantity"]),
            net_cost=decimal(row["netCost"]),
            entry_price=decimal(row["entryPrice"]),
            break_even_price=decimal(row["breakEvenPrice"]),
            mark_price=decimal(row["markPrice"]),
            exposure_quantity=decimal(row["netExposureQuantity"]),
            exposure_notional=decimal(row["netExposureNotional"]),
            pnl_unrealized=decimal(row["pnlUnrealized"]),
            pnl_realized=decimal(row["pnlRealized"]),
            cumulative_funding=decimal(row["cumulativeFundingPayment"]),
            liquidation_price=optional_decimal(row.get("estLiquidationPrice")) or None,
        )


def fill(row: Row) -> FillInfo:
    """Return a row of the fill history; its client id is text there."""
    with reading("fill"):
        return FillInfo(
            symbol=text(row["symbol"]),
            exchange_id=identifier(row["orderId"]),
            client_id=optional_whole(row.get("clientId")),
            trade_id=optional_whole(row.get("tradeId")),
            side=side(row["side"]),
            price=decimal(row["price"]),
            quantity=decimal(row["quantity"]),
            fee=decimal(row["fee"]),
            fee_asset=text(row["feeSymbol"]),
            is_maker=flag(row["isMaker"]),
            filled_at_us=moment_us(row["timestamp"]),
        )


def capital(document: Any) -> dict[str, AssetBalance]:
    """Return the balances by asset."""
    with reading("capital"):
        return {
            asset: AssetBalance(decimal(amounts["available"]), decimal(amounts["locked"]), decimal(amounts["staked"]))
            for asset, amounts in document.items()
        }


def collateral(document: Any) -> Collateral:
    """Return the margin summary."""
    with reading("collateral"):
        return Collateral(
            net_equity=decimal(document["netEquity"]),
            net_equity_available=decimal(document["netEquityAvailable"]),
            net_equity_locked=decimal(document["netEquityLocked"]),
            net_exposure_futures=decimal(document["netExposureFutures"]),
            assets_value=decimal(document["assetsValue"]),
            liabilities_value=decimal(document["liabilitiesValue"]),
            pnl_unrealized=decimal(document["pnlUnrealized"]),
            unsettled_equity=decimal(document["unsettledEquity"]),
            initial_margin_ratio=decimal(document["imf"]),
            maintenance_margin_ratio=decimal(document["mmf"]),
            margin_fraction=optional_decimal(document.get("marginFraction")),
        )


def account(document: Any) -> AccountInfo:
    """Return an account's settings and limits."""
    with reading("account"):
        return AccountInfo(
            leverage_limit=decimal(document["leverageLimit"]),
            futures_maker_fee_bps=decimal(document["futuresMakerFee"]),
            futures_taker_fee_bps=decimal(document["futuresTakerFee"]),
            limit_orders=whole(document["limitOrders"]),
            trigger_orders=whole(document["triggerOrders"]),
            is_liquidating=flag(document["liquidating"]),
        )


def _margin_function(document: Any) -> MarginFunction | None:
    if document is None:
        return None
    if document["type"] != "sqrt":
        raise ValueError("unknown margin function")
    return MarginFunction(decimal(document["base"]), decimal(document["factor"]))
