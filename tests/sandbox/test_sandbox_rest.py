"""REST over real HTTP: shapes against the recorded ones, and refusals."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_local import PERP, START_US, WALL_MS, LocalExchange

# Recorded: resting limit order and market row of SOL_USDC_PERP, 2026-09-01
RECORDED_LIMIT_KEYS = [
    "clientId", "createdAt", "executedQuantity", "executedQuoteQuantity", "id", "orderType", "postOnly", "price",
    "quantity", "reduceOnly", "relatedOrderId", "selfTradePrevention", "side", "status", "stopLossLimitPrice",
    "stopLossTriggerBy", "stopLossTriggerPrice", "strategyId", "symbol", "takeProfitLimitPrice",
    "takeProfitTriggerBy", "takeProfitTriggerPrice", "timeInForce", "triggerBy", "triggerPrice", "triggerQuantity",
    "triggeredAt",
]  # fmt: skip
RECORDED_MARKET = {
    "baseSymbol": "SOL", "createdAt": "2025-01-21T06:34:54.691858",
    "filters": {
        "price": {
            "borrowEntryFeeMaxMultiplier": None, "borrowEntryFeeMinMultiplier": None, "discoveryBoundBand": None,
            "maxImpactMultiplier": "1.01", "maxMultiplier": "2", "maxPrice": "1000",
            "maxPriceUpdateMultiplier": "1.0025",
            "meanMarkPriceBand": {"maxMultiplier": "1.1", "minMultiplier": "0.9"},
            "meanPremiumBand": {"tolerancePct": "0.05"}, "minImpactMultiplier": "0.99", "minMultiplier": "0.25",
            "minPrice": "0.01", "minPriceUpdateMultiplier": "0.9975", "tickSize": "0.01",
        },
        "quantity": {"maxQuantity": None, "minQuantity": "0.01", "stepSize": "0.01"},
    },
    "fundingInterval": 3600000, "fundingRateLowerBound": "-100", "fundingRateUpperBound": "100",
    "imfFunction": {"base": "0.02", "factor": "0.000075", "type": "sqrt"}, "marketType": "PERP",
    "mmfFunction": {"base": "0.0135", "factor": "0.0000375", "type": "sqrt"}, "openInterestLimit": "4000000",
    "orderBookState": "Open", "positionLimitWeight": "1", "quoteSymbol": "USDC", "rwaMarketType": None,
    "symbol": "SOL_USDC_PERP", "visible": True,
}  # fmt: skip
RECORDED_POSITION_KEYS = [
    "breakEvenPrice", "cumulativeFundingPayment", "cumulativeInterest", "entryPrice", "estLiquidationPrice", "imf",
    "imfFunction", "markPrice", "mmf", "mmfFunction", "netCost", "netExposureNotional", "netExposureQuantity",
    "netQuantity", "pnlRealized", "pnlUnrealized", "positionId", "subaccountId", "symbol", "userId",
]  # fmt: skip
RECORDED_FILL_KEYS = [
    "clientId", "fee", "feeSymbol", "isMaker", "orderId", "price", "quantity", "side", "symbol", "systemOrderType",
    "timestamp", "tradeId",
]  # fmt: skip

LIMIT = {"side": "Bid", "orderType": "Limit", "price": "99.98", "quantity": "1.5"}


def test_system_calls_answer_text_and_json(local: LocalExchange) -> None:
    assert local.get("/api/v1/ping").text == "pong"
    assert local.get("/api/v1/time").text == str(WALL_MS)
    assert local.get("/api/v1/status").text == '{"message":null,"status":"Ok"}'


def test_the_market_row_is_the_recorded_one(local: LocalExchange) -> None:
    assert local.get("/api/v1/market", symbol=PERP).json() == RECORDED_MARKET
    assert [row["symbol"] for row in local.get("/api/v1/markets", marketType="SPOT").json()] == ["SOL_USDC"]


def test_both_sides_of_the_depth_ascend_and_trailing_zeros_are_gone(local: LocalExchange) -> None:
    depth = local.get("/api/v1/depth", symbol=PERP, limit="5").json()

    assert depth == {
        "asks": [["100.01", "10"], ["100.02", "10"], ["100.03", "10"]],
        "bids": [["99.97", "10"], ["99.98", "10"], ["99.99", "10"]],
        "lastUpdateId": "6",
        "timestamp": START_US,
    }


@pytest.mark.parametrize(
    ("path", "query", "text"),
    [
        ("depth", {"symbol": PERP, "limit": "7"}, "failed to parse parameter `limit`"),
        ("depth", {"symbol": "NO_SUCH"}, "Invalid market symbol"),
        ("klines", {"symbol": PERP, "interval": "1m"}, 'parameter `startTime`: Type "integer_int64" expects an input'),
        ("klines", {"symbol": PERP, "interval": "2m", "startTime": "1"}, 'failed to parse "KlineInterval"'),
    ],
)
def test_a_query_that_does_not_parse_is_answered_in_plain_text(
    local: LocalExchange, path: str, query: dict[str, str], text: str
) -> None:
    answer = local.get(f"/api/v1/{path}", **query)

    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert text in answer.text


def test_trades_come_newest_first_with_numbers_for_id_and_time(local: LocalExchange) -> None:
    local.sells(50, at=9_999)
    local.sells(70, at=9_998)

    assert local.get("/api/v1/trades", symbol=PERP).json()[0] == {
        "id": 2,
        "isBuyerMaker": True,
        "price": "99.98",
        "quantity": "0.7",
        "quoteQuantity": "69.986",
        "timestamp": START_US // 1_000,
    }


def test_mark_prices_are_an_array_of_perpetuals(local: LocalExchange) -> None:
    rows = local.get("/api/v1/markPrices").json()

    assert [(row["symbol"], row["markPrice"], row["indexPrice"]) for row in rows] == [(PERP, "100", "100")]


def test_candles_and_ticker_come_from_the_exchanges_own_trades(local: LocalExchange) -> None:
    assert local.get("/api/v1/ticker", symbol=PERP).status_code == 204
    local.sells(50, at=9_999)
    local.sells(70, at=9_998)

    start = str(START_US // 1_000_000 - 30)
    candle = local.get("/api/v1/klines", symbol=PERP, interval="1m", startTime=start).json()[-1]
    ticker = local.get("/api/v1/ticker", symbol=PERP).json()

    assert (candle["open"], candle["close"], candle["volume"], candle["trades"]) == ("99.99", "99.98", "1.2", "2")
    assert candle["start"] == "2026-09-02 16:43:00"
    assert (ticker["trades"], ticker["volume"], ticker["priceChange"]) == ("2", "1.2", "-0.01")


def test_candles_of_a_second_without_trades_have_no_prices(local: LocalExchange) -> None:
    local.sells(50, at=9_999)
    local.pass_time(2)

    start = str(START_US // 1_000_000)
    rows = local.get("/api/v1/klines", symbol=PERP, interval="1s", startTime=start).json()

    assert [(row["start"][-2:], row["close"], row["trades"]) for row in rows] == [
        ("50", "99.99", "1"),
        ("51", None, "0"),
    ]


def test_a_resting_order_is_answered_like_the_recorded_one(local: LocalExchange) -> None:
    order = local.alice.place(**LIMIT, postOnly=True, clientId=55555).json()

    assert list(order) == RECORDED_LIMIT_KEYS
    assert order["id"].isdigit()
    assert (order["clientId"], order["createdAt"]) == (55555, START_US // 1_000)
    assert (order["status"], order["reduceOnly"], order["selfTradePrevention"]) == ("New", None, "RejectTaker")
    assert (order["quantity"], order["price"], order["timeInForce"]) == ("1.5", "99.98", "GTC")


def test_a_market_order_has_neither_price_nor_post_only(local: LocalExchange) -> None:
    order = local.alice.place(side="Bid", orderType="Market", quantity="1").json()

    assert {"price", "postOnly"}.isdisjoint(order)
    assert (order["status"], order["executedQuoteQuantity"], order["quoteQuantity"]) == ("Filled", "100.01", "100.01")


def test_a_conditional_order_is_answered_with_quantity_zero(local: LocalExchange) -> None:
    order = local.alice.place(
        side="Bid", orderType="Limit", price="95", triggerPrice="96", triggerQuantity="0.1"
    ).json()

    assert (order["status"], order["quantity"], order["triggerBy"]) == ("TriggerPending", "0", None)
    assert (order["triggerPrice"], order["triggerQuantity"]) == ("96", "0.1")


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({**LIMIT, "price": "100.01", "postOnly": True}, "INVALID_ORDER", "Order would immediately match and take"),
        ({**LIMIT, "quantity": "1.555"}, "INVALID_CLIENT_REQUEST", "Quantity decimal too long"),
        ({**LIMIT, "price": "99.985"}, "INVALID_CLIENT_REQUEST", "Price decimal too long"),
        ({**LIMIT, "quantity": "0"}, "INVALID_CLIENT_REQUEST", "Quantity is below the minimum allowed value"),
        ({**LIMIT, "price": "10"}, "INVALID_CLIENT_REQUEST", "Price is too far from the last active price"),
        (
            {**LIMIT, "triggerPrice": "99"},
            "INVALID_CLIENT_REQUEST",
            "Must specify both `triggerPrice` and `triggerQuantity` or neither",
        ),
        (
            {"side": "Ask", "orderType": "Market", "quantity": "1", "reduceOnly": True},
            "INVALID_ORDER",
            "Reduce only order not reduced",
        ),
    ],
)
def test_an_order_is_refused_with_the_exchanges_words(
    local: LocalExchange, fields: dict[str, Any], code: str, message: str
) -> None:
    answer = local.alice.place(**fields)

    assert (answer.status_code, answer.json()) == (400, {"code": code, "message": message})
    assert local.alice.get("/api/v1/orders", "orderQueryAll").json() == []


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({**LIMIT, "orderType": "StopMarket"}, 'Expected input type "OrderTypeEnum", found "StopMarket"'),
        (
            {**LIMIT, "symbol": "NO_SUCH"},
            'failed to parse "MarketSymbol": Invalid market symbol (occurred while parsing "OrderExecutePayload")',
        ),
        ({**LIMIT, "price": 99.98}, 'Expected input type "string", found 99.98'),
    ],
)
def test_an_order_that_does_not_parse_is_answered_in_plain_text(
    local: LocalExchange, fields: dict[str, Any], text: str
) -> None:
    answer = local.alice.place(**fields)

    assert (answer.status_code, answer.text.startswith("parse request payload error: ")) == (400, True)
    assert text in answer.text


def test_an_order_is_found_while_it_lives_and_nowhere_afterwards(local: LocalExchange) -> None:
    order_id = local.alice.place(**LIMIT, clientId=9).json()["id"]

    found = local.alice.get("/api/v1/order", "orderQuery", symbol=PERP, clientId="9")
    cancelled = local.alice.cancel(orderId=order_id)
    again = local.alice.cancel(orderId=order_id)
    gone = local.alice.get("/api/v1/order", "orderQuery", symbol=PERP, orderId=order_id)

    assert found.json()["id"] == order_id
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "Cancelled")
    assert (again.status_code, again.json()) == (
        400,
        {"code": "INVALID_CLIENT_REQUEST", "message": "Order not found"},
    )
    assert (gone.status_code, gone.json()) == (404, {"code": "RESOURCE_NOT_FOUND", "message": "Not Found"})


def test_both_ids_at_once_are_refused(local: LocalExchange) -> None:
    assert local.alice.cancel(orderId="1", clientId=1).status_code == 400


def test_a_batch_is_all_valid_or_refused_and_then_each_order_stands_for_itself(local: LocalExchange) -> None:
    good = {"symbol": PERP, **LIMIT}
    crossing = {**good, "price": "100.01", "postOnly": True}
    malformed = {**good, "quantity": "0.001"}

    mixed = local.alice.send("POST", "/api/v1/orders", "orderExecute", [good, crossing])
    refused = local.alice.send("POST", "/api/v1/orders", "orderExecute", [good, malformed])

    assert [row["operation"] for row in mixed.json()] == ["Ok", "Err"]
    assert mixed.json()[1]["message"] == "Order would immediately match and take"
    assert (refused.status_code, len(local.alice.get("/api/v1/orders", "orderQueryAll").json())) == (400, 1)


def test_cancelling_all_takes_one_kind_or_both(local: LocalExchange) -> None:
    local.alice.place(**LIMIT)
    local.alice.place(side="Ask", orderType="Market", triggerPrice="90", triggerQuantity="100%", reduceOnly=True)
    body = {"symbol": PERP, "orderType": "ConditionalOrder"}

    conditional = local.alice.send("DELETE", "/api/v1/orders", "orderCancelAll", body).json()
    rest = local.alice.send("DELETE", "/api/v1/orders", "orderCancelAll", {"symbol": PERP}).json()
    none = local.alice.send("DELETE", "/api/v1/orders", "orderCancelAll", {"symbol": PERP}).json()

    assert [order["orderType"] for order in (*conditional, *rest)] == ["Market", "Limit"]
    assert none == []


def test_a_position_is_answered_like_the_recorded_one(local: LocalExchange) -> None:
    assert local.alice.get("/api/v1/position", "positionQuery").json() == []
    local.alice.place(side="Bid", orderType="Market", quantity="2")

    position = local.alice.get("/api/v1/position", "positionQuery", symbol=PERP).json()[0]

    assert list(position) == RECORDED_POSITION_KEYS
    assert (position["netQuantity"], position["entryPrice"], position["netCost"]) == ("2", "100.01", "200.02")
    assert (position["markPrice"], position["pnlUnrealized"]) == ("100", "-0.02")
    assert position["breakEvenPrice"] == "100.060005"  # 100.01 + 0.10001 / 2


def test_balances_follow_fees_and_profit(local: LocalExchange) -> None:
    local.alice.place(side="Bid", orderType="Market", quantity="2")
    local.alice.place(side="Ask", orderType="Market", quantity="2", reduceOnly=True)

    capital = local.alice.get("/api/v1/capital", "balanceQuery").json()
    collateral = local.alice.get("/api/v1/capital/collateral", "collateralQuery").json()

    # 10,000 - 0.04 spread - 0.10001 and 0.09999 fees
    assert capital == {"USDC": {"available": "9999.76", "locked": "0", "staked": "0"}}
    assert (collateral["netEquity"], collateral["netEquityAvailable"]) == ("9999.76", "9999.76")


def test_the_account_tells_its_fees_and_counts_and_can_be_changed(local: LocalExchange) -> None:
    local.alice.place(**LIMIT)
    changed = local.alice.send("PATCH", "/api/v1/account", "accountUpdate", {"leverageLimit": "5", "autoLend": True})

    account = local.alice.get("/api/v1/account", "accountQuery").json()

    assert (changed.status_code, changed.content) == (200, b"")
    assert (account["leverageLimit"], account["autoLend"], account["limitOrders"]) == ("5", True, 1)
    assert (account["futuresMakerFee"], account["futuresTakerFee"]) == ("2", "5")


def test_history_is_paged_newest_first_and_client_ids_are_text_in_fills(local: LocalExchange) -> None:
    for client_id in (1, 2, 3):
        local.alice.place(side="Bid", orderType="Market", quantity="1", clientId=client_id)

    page = local.alice.get("/wapi/v1/history/fills", "fillHistoryQueryAll", limit="2", offset="1")
    oldest = local.alice.get("/wapi/v1/history/fills", "fillHistoryQueryAll", sortDirection="Asc", limit="1")
    orders = local.alice.get("/wapi/v1/history/orders", "orderHistoryQueryAll", symbol=PERP).json()

    assert [row["clientId"] for row in page.json()] == ["2", "1"]
    headers = [page.headers[name] for name in ("X-Current-Page", "X-Page-Count", "X-Page-Size", "X-Total")]
    assert headers == ["1", "2", "2", "3"]
    assert list(oldest.json()[0]) == RECORDED_FILL_KEYS
    assert oldest.json()[0]["timestamp"] == "2026-09-02T16:43:50.246"
    assert (orders[0]["clientId"], orders[0]["createdAt"]) == (3, "2026-09-02T16:43:50.246")
    assert {"reduceOnly", "relatedOrderId", "triggeredAt"}.isdisjoint(orders[0])


def test_fills_can_be_asked_for_by_time_with_an_exclusive_end(local: LocalExchange) -> None:
    at_ms = START_US // 1_000
    local.alice.place(side="Bid", orderType="Market", quantity="1")
    local.pass_time(1)
    local.alice.place(side="Bid", orderType="Market", quantity="1")

    window = {"from": str(at_ms), "to": str(at_ms + 1_000)}
    rows = local.alice.get("/wapi/v1/history/fills", "fillHistoryQueryAll", **window).json()

    assert len(rows) == 1


def test_the_ledger_tells_both_sides_of_a_trade_between_customers(local: LocalExchange) -> None:
    local.alice.place(side="Ask", orderType="Limit", price="100", quantity="1", clientId=4)
    local.alice.place(side="Ask", orderType="Limit", price="100", quantity="1", clientId=4)
    local.bob.place(side="Bid", orderType="Market", quantity="1", stopLossTriggerPrice="99")

    ledger = local.get("/sandbox/ledger").json()

    fill = ledger["accounts"][local.bob.api_key]["fills"][0]
    assert (fill["counterparty"], fill["aggressor"]) == (local.alice.api_key, "entry")
    assert ledger["counts"]["cross_tenant_entry_trades"] == 1
    assert ledger["accounts"][local.alice.api_key]["duplicates"] == 1
    assert list(local.get("/sandbox/ledger", account=local.bob.api_key).json()["accounts"]) == [local.bob.api_key]
    assert ledger["accounts"][local.bob.api_key]["positions"][0]["nakedUs"] == 0


def test_the_treatment_of_attached_stops_can_be_switched_while_it_runs(local: LocalExchange) -> None:
    switched = local.http.post(f"{local.rest}/sandbox/settings", json={"attached_stops": "none"}, timeout=5)
    wrong = local.http.post(f"{local.rest}/sandbox/settings", json={"attached_stops": "maybe"}, timeout=5)
    local.alice.place(side="Bid", orderType="Market", quantity="1", stopLossTriggerPrice="99")

    assert switched.json()["attached_stops"] == "none"
    assert wrong.status_code == 400
    assert local.alice.get("/api/v1/orders", "orderQueryAll").json() == []
