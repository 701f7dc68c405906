"""What REST answers, read as values: recorded samples, pages, and refusals of every kind."""

from __future__ import annotations

import json
import socket
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
import samples
from wire_server import Received, Reply, http

from trading.core.units import MarketGrid, Side
from trading.exchange.errors import (
    ExchangeUnavailable,
    ImpossibleOrder,
    NoAnswer,
    OrderNotFound,
    OrderOutcomeUnknown,
    RateLimited,
    RequestRefused,
    SigningRefused,
    UnexpectedAnswer,
)
from trading.exchange.orders import OrderStatus
from trading.exchange.readings import AssetBalance, MarginFunction

BTC_GRID = MarketGrid(Decimal("0.1"), Decimal("0.00001"), Decimal("0.00001"))


def always(body: str, status: int = 200):
    return lambda _: http(status, body)


def query_of(request: Received) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}


# -- markets


def test_the_best_bid_is_the_last_one_on_the_wire_and_the_first_one_here(serve, connect) -> None:
    server = serve(always(samples.DEPTH))

    book = connect(server.url).depth("SOL_USDC", limit=20)

    assert book.bids[0] == (Decimal("100.64"), Decimal("8.25"))
    assert book.asks[0] == (Decimal("100.65"), Decimal("12.5"))
    assert [price for price, _ in book.bids] == [Decimal("100.64"), Decimal("100.63"), Decimal("100.19")]
    assert (book.last_update_id, book.engine_us) == (4324522523, 1788285151254895)
    assert server.requests[0].path == "/api/v1/depth?symbol=SOL_USDC&limit=20"


def test_a_level_is_a_price_and_a_quantity_keyed_by_number(serve, connect) -> None:
    document = '{"asks":[["86701","0.5"]],"bids":[["86700","0.00012"]],"lastUpdateId":"1","timestamp":1}'
    server = serve(always(document))

    levels = connect(server.url).depth("BTC_USDC_PERP").on_grid(BTC_GRID)

    assert levels.bids == ((BTC_GRID.ticks(Decimal("86700.0")), 12),)
    assert levels.asks == ((867010, 50000),)


def test_an_empty_side_is_empty(serve, connect) -> None:
    server = serve(always('{"asks":[],"bids":[],"lastUpdateId":"1","timestamp":1}'))

    book = connect(server.url).depth("BTC_USDC_PERP")

    assert (book.bids, book.asks) == ((), ())


def test_a_depth_of_a_size_that_is_not_offered_is_not_asked_for(connect) -> None:
    with pytest.raises(ValueError, match="one of"):
        connect("http://127.0.0.1:9").depth("SOL_USDC", limit=25)


@pytest.mark.parametrize(
    "document",
    [
        '{"asks":[],"bids":[],"timestamp":1}',
        '{"asks":[["1"]],"bids":[],"lastUpdateId":"1","timestamp":1}',
        '{"asks":[["1","NaN"]],"bids":[],"lastUpdateId":"1","timestamp":1}',
        '{"asks":null,"bids":[],"lastUpdateId":"1","timestamp":1}',
        "[]",
        "null",
        "",
        "<html></html>",
    ],
)
def test_a_book_of_another_form_is_an_error_and_never_an_empty_book(serve, connect, document: str) -> None:
    server = serve(always(document))

    with pytest.raises(UnexpectedAnswer, match="depth"):
        connect(server.url).depth("SOL_USDC")


def test_a_recorded_market_gives_its_grid_and_limits(serve, connect) -> None:
    server = serve(always(f"[{samples.MARKET_SOL_PERP}]"))

    (market,) = connect(server.url).markets()

    assert market.grid == MarketGrid(Decimal("0.01"), Decimal("0.01"), Decimal("0.01"))
    assert (market.symbol, market.market_type, market.is_open) == ("SOL_USDC_PERP", "PERP", True)
    assert market.mark_band == (Decimal("0.9"), Decimal("1.1"))
    assert market.initial_margin == MarginFunction(Decimal("0.02"), Decimal("0.000075"))
    assert market.max_quantity is None
    assert market.funding_interval_ms == 3_600_000


def test_a_market_in_a_state_that_we_do_not_know_is_not_open(serve, connect) -> None:
    server = serve(always(json.dumps([json.loads(samples.MARKET_SOL_PERP) | {"orderBookState": "Dreaming"}])))

    (market,) = connect(server.url).markets()

    assert not market.is_open


def test_a_market_without_a_tick_is_an_error_that_names_it_unless_it_is_not_wanted(serve, connect) -> None:
    odd = json.loads(samples.MARKET_SOL_PERP) | {"symbol": "ODD_USDC"}
    odd["filters"] = {"price": {}, "quantity": {}}
    server = serve(always(json.dumps([json.loads(samples.MARKET_SOL_PERP), odd])))
    rest = connect(server.url)

    assert [market.symbol for market in rest.markets({"SOL_USDC_PERP"})] == ["SOL_USDC_PERP"]
    with pytest.raises(UnexpectedAnswer, match="ODD_USDC"):
        rest.markets()


def test_a_recorded_mark_price_keeps_every_digit_of_its_funding(serve, connect) -> None:
    server = serve(always(f"[{samples.MARK_PRICE}]"))

    (mark,) = connect(server.url).mark_prices("BTC_USDC_PERP")

    assert mark.mark_price == Decimal("64575.6")
    assert str(mark.funding_rate) == "-0.0000117704808946259223127855"
    assert mark.next_funding_ms == 1785949200000


def test_the_clock_is_bare_text(serve, connect) -> None:
    server = serve(lambda _: http(200, "1788285151083", content_type="text/plain"))

    assert connect(server.url).time_ms() == 1788285151083


def test_a_clock_that_is_no_number_is_an_error(serve, connect) -> None:
    server = serve(lambda _: http(200, "pong", content_type="text/plain"))

    with pytest.raises(UnexpectedAnswer):
        connect(server.url).time_ms()


# -- orders


def test_a_recorded_resting_order_is_read_to_the_last_field(serve, connect, alice) -> None:
    server = serve(always(f"[{samples.RESTING_LIMIT}]"))

    (order,) = connect(server.url).open_orders(alice, "USDT_USDC")

    assert (order.exchange_id, order.client_id, order.status) == ("59669287267", None, OrderStatus.NEW)
    assert (order.side, order.order_type, order.price) == (Side.ASK, "Limit", Decimal("1.0077"))
    assert (order.post_only, order.reduce_only, order.is_conditional) == (True, False, False)
    assert order.created_at_ms == 1788285244094
    assert order.average_price is None
    assert server.requests[0].path == "/api/v1/orders?symbol=USDT_USDC"


def test_a_recorded_market_order_has_neither_price_nor_post_only(serve, connect, alice) -> None:
    server = serve(always(samples.FILLED_MARKET))

    order = connect(server.url).get_order(alice, symbol="ETH_USDC_PERP", exchange_id="5578417290")

    assert order is not None
    assert (order.price, order.post_only, order.status) == (None, False, OrderStatus.FILLED)
    assert order.average_price == Decimal("4421.82")


@pytest.mark.parametrize(
    ("wire", "absolute", "percent"), [("0.001", Decimal("0.001"), None), ("80%", None, Decimal(80)), (None, None, None)]
)
def test_a_trigger_quantity_is_an_amount_or_a_percentage(serve, connect, alice, wire, absolute, percent) -> None:
    row = samples.order(status="TriggerPending", quantity="0", triggerPrice="4100", triggerQuantity=wire)
    server = serve(always(json.dumps([row])))

    (order,) = connect(server.url).open_orders(alice)

    assert (order.trigger_quantity, order.trigger_percent) == (absolute, percent)
    assert order.is_conditional


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "Sleeping"},
        {"orderType": "StopMarket"},
        {"side": "BUY"},
        {"id": None},
        {"executedQuantity": None},
        {"executedQuantity": "Infinity"},
        {"createdAt": "yesterday"},
        {"clientId": "seven"},
        {"price": True},
    ],
)
def test_an_order_of_another_form_is_an_error_and_never_a_guess(serve, connect, alice, changes) -> None:
    server = serve(always(json.dumps([samples.order(**changes)])))

    with pytest.raises(UnexpectedAnswer, match="order"):
        connect(server.url).open_orders(alice)


def test_an_order_that_does_not_rest_is_none(serve, connect, alice) -> None:
    server = serve(always('{"code":"RESOURCE_NOT_FOUND","message":"Not Found"}', 404))

    assert connect(server.url).get_order(alice, symbol="SOL_USDC", client_id=7) is None
    assert server.requests[0].path == "/api/v1/order?symbol=SOL_USDC&clientId=7"


@pytest.mark.parametrize("ids", [{}, {"exchange_id": "1", "client_id": 1}])
def test_an_order_is_named_in_exactly_one_way(connect, alice, ids) -> None:
    with pytest.raises(ImpossibleOrder):
        connect("http://127.0.0.1:9").get_order(alice, symbol="SOL_USDC", **ids)


def test_a_row_of_the_history_does_not_say_whether_it_was_reduce_only(serve, connect, alice) -> None:
    row = samples.order(createdAt="2026-09-01T17:54:04.094", expiryReason="PostOnlyTaker", status="Expired")
    del row["reduceOnly"], row["relatedOrderId"], row["triggeredAt"]
    server = serve(always(json.dumps([row])))

    (order,) = connect(server.url).order_history(alice)

    assert order.reduce_only is None
    assert order.expiry_reason == "PostOnlyTaker"
    assert order.created_at_ms == 1788285244094


def test_a_cancelled_order_comes_back_as_it_ended(serve, connect, alice) -> None:
    server = serve(always(json.dumps(samples.order(status="Cancelled"))))

    order = connect(server.url).cancel_order(alice, symbol="USDT_USDC", exchange_id="59669287267")

    assert order.status is OrderStatus.CANCELLED
    (seen,) = server.requests
    assert (seen.method, seen.path) == ("DELETE", "/api/v1/order")
    assert json.loads(seen.body) == {"symbol": "USDT_USDC", "orderId": "59669287267"}


def test_cancelling_all_names_the_kind(serve, connect, alice) -> None:
    server = serve(always("[]"))

    assert connect(server.url).cancel_all(alice, symbol="SOL_USDC", kind="ConditionalOrder") == []
    assert json.loads(server.requests[0].body) == {"symbol": "SOL_USDC", "orderType": "ConditionalOrder"}


CANCELS = [
    (http(400, '{"code":"INVALID_CLIENT_REQUEST","message":"Order not found"}'), OrderNotFound),
    (http(404, '{"code":"RESOURCE_NOT_FOUND","message":"Not Found"}'), OrderNotFound),
    (http(400, '{"code":"INVALID_CLIENT_REQUEST","message":"Request has expired"}'), RequestRefused),
    (http(429, "<html></html>"), RateLimited),
    (http(202, ""), OrderOutcomeUnknown),
    (http(503, ""), OrderOutcomeUnknown),
    (http(400, '{"code":"TIMEOUT","message":"m"}'), OrderOutcomeUnknown),
    (http(200, "{"), OrderOutcomeUnknown),
    (http(200, '{"status":"Gone"}'), OrderOutcomeUnknown),
    (Reply(b"", then_close=True), OrderOutcomeUnknown),
]


@pytest.mark.parametrize(("reply", "error"), CANCELS)
def test_a_cancel_that_did_not_work_says_what_is_known(serve, connect, alice, reply, error: type[Exception]) -> None:
    server = serve(lambda _: reply)

    with pytest.raises(error) as caught:
        connect(server.url).cancel_order(alice, symbol="SOL_USDC", client_id=7)

    assert type(caught.value) is error
    assert len(server.requests) == 1


# -- pages


def fill_row(number: int) -> dict:
    return json.loads(samples.FILL) | {"tradeId": number, "clientId": str(number)}


def paged(count: int, *, page_size: int, has_total: bool):
    """Serve fills oldest first, in pages no longer than the server likes."""

    def script(request: Received) -> Reply:
        query = query_of(request)
        assert query["sortDirection"] == "Asc"
        first = int(query["offset"])
        rows = [fill_row(number) for number in range(first, min(count, first + min(page_size, int(query["limit"]))))]
        return http(200, json.dumps(rows), headers=f"X-Total: {count}\r\n" if has_total else "")

    return script


@pytest.mark.parametrize(
    ("count", "page_size", "has_total", "requests"),
    [
        (0, 1000, False, 1),
        (3, 1000, False, 1),
        (1000, 1000, False, 2),
        (1000, 1000, True, 1),
        (2500, 1000, False, 3),
        (250, 100, True, 3),  # a server with shorter pages than we asked for
    ],
)
def test_all_pages_of_the_fills_are_read(serve, connect, alice, count, page_size, has_total, requests) -> None:
    server = serve(paged(count, page_size=page_size, has_total=has_total))

    fills = connect(server.url).fills(alice)

    assert [fill.trade_id for fill in fills] == list(range(count))
    assert len(server.requests) == requests


def test_the_filters_of_the_fills_are_sent(serve, connect, alice) -> None:
    server = serve(always("[]"))

    connect(server.url).fills(alice, symbol="SOL_USDC", from_ms=1, to_ms=2, fill_type="User")

    query = query_of(server.requests[0])
    assert query == {
        "symbol": "SOL_USDC",
        "from": "1",
        "to": "2",
        "fillType": "User",
        "sortDirection": "Asc",
        "limit": "1000",
        "offset": "0",
    }


def test_a_recorded_fill_has_its_client_id_as_text_and_its_time_in_utc(serve, connect, alice) -> None:
    server = serve(always(json.dumps([json.loads(samples.FILL) | {"clientId": "55555"}])))

    (fill,) = connect(server.url).fills(alice)

    assert fill.client_id == 55555
    assert fill.filled_at_us == 1755105961197000
    assert (fill.price, fill.quantity, fill.fee, fill.fee_asset) == (
        Decimal("4732.5"),
        Decimal("0.001"),
        Decimal("0.0047325"),
        "USDC",
    )
    assert (fill.side, fill.is_maker, fill.trade_id) == (Side.ASK, False, 2959285)


def test_an_order_that_moves_to_the_next_page_meanwhile_is_listed_once(serve, connect, alice) -> None:
    pages = {"0": range(2000, 1000, -1), "1000": range(1001, 501, -1)}

    def script(request: Received) -> Reply:
        return http(200, json.dumps([samples.order(id=str(number)) for number in pages[query_of(request)["offset"]]]))

    orders = connect(serve(script).url).order_history(alice, limit=1500)

    assert [order.exchange_id for order in orders] == [str(number) for number in range(2000, 501, -1)]


# -- the account


def test_a_recorded_position_is_read(serve, connect, alice) -> None:
    server = serve(always(f"[{samples.POSITION_LONG}]"))

    (position,) = connect(server.url).positions(alice)

    assert (position.symbol, position.net_quantity) == ("ETH_USDC_PERP", Decimal("0.002"))
    assert (position.entry_price, position.break_even_price) == (Decimal("4447.065"), Decimal("4460.3195"))
    assert position.position_id == "5479295502"
    assert position.liquidation_price is None


@pytest.mark.parametrize("reply", [http(200, "[]"), http(404, '{"code":"X","message":"Position not found"}')])
def test_a_flat_account_has_no_positions(serve, connect, alice, reply: Reply) -> None:
    assert connect(serve(lambda _: reply).url).positions(alice) == []


def test_recorded_balances_are_read(serve, connect, alice) -> None:
    server = serve(always('{"USDT":{"available":"30","locked":"0","staked":"0"}}'))

    assert connect(server.url).capital(alice) == {"USDT": AssetBalance(Decimal(30), Decimal(0), Decimal(0))}


def test_a_recorded_margin_summary_is_read(serve, connect, alice) -> None:
    summary = connect(serve(always(samples.COLLATERAL)).url).collateral(alice)

    assert (summary.net_equity, summary.margin_fraction) == (Decimal("28.49145"), None)
    assert summary.maintenance_margin_ratio == Decimal("0.007")


def test_the_account_s_leverage_limit_and_fees_are_read(serve, connect, alice) -> None:
    document = {
        "leverageLimit": "10",
        "futuresMakerFee": "2",
        "futuresTakerFee": "5",
        "limitOrders": 3,
        "triggerOrders": 1,
        "liquidating": False,
    }

    account = connect(serve(always(json.dumps(document))).url).account(alice)

    assert (account.leverage_limit, account.futures_taker_fee_bps) == (Decimal(10), Decimal(5))
    assert (account.limit_orders, account.trigger_orders, account.is_liquidating) == (3, 1, False)


# -- refusals of queries

QUERIES = [
    (http(429, "<html>slow down</html>", content_type="text/html"), RateLimited),
    (http(400, '{"code":"INVALID_CLIENT_REQUEST","message":"Invalid signature"}'), RequestRefused),
    (http(400, "failed to parse parameter `limit`", content_type="text/plain"), RequestRefused),
    (http(503, '{"code":"MAINTENANCE","message":"m"}'), NoAnswer),
    (http(502, "<html></html>"), NoAnswer),
    (Reply(b"", then_close=True), NoAnswer),
    (http(200, "{}"), UnexpectedAnswer),
    (http(200, "[1]"), UnexpectedAnswer),
    (http(200, ""), UnexpectedAnswer),
    (http(204, ""), UnexpectedAnswer),
    (http(302, "", headers="Location: /\r\n"), UnexpectedAnswer),
]


@pytest.mark.parametrize(("reply", "error"), QUERIES)
def test_a_query_that_failed_says_how_and_was_asked_once(serve, connect, alice, reply, error) -> None:
    server = serve(lambda _: reply)

    with pytest.raises(error) as caught:
        connect(server.url).open_orders(alice)

    assert type(caught.value) is error
    assert len(server.requests) == 1


def test_with_nobody_listening_a_query_is_unavailable(connect, alice) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(ExchangeUnavailable):
        connect(f"http://127.0.0.1:{port}").positions(alice)


def test_a_query_that_the_signer_refuses_is_not_sent(serve, connect, alice) -> None:
    server = serve(always("[]"))

    with pytest.raises(SigningRefused):
        connect(server.url).open_orders(alice._replace(context="bob|accounts.ExchangeAccount.secret|1"))

    assert server.requests == []
