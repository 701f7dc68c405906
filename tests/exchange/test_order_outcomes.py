"""What became of an order: every way in which a send can end, sorted by "can the order exist?"."""

from __future__ import annotations

import base64
import json
import os
import socket
import time
from decimal import Decimal
from pathlib import Path

import pytest
import samples
from nacl.signing import VerifyKey
from wire_server import Received, Reply, http

from signer.client import SignerClient
from trading.core.units import Side
from trading.exchange.errors import ExchangeUnavailable, OrderOutcomeUnknown, OrderRejected
from trading.exchange.orders import (
    OrderRequest,
    OutcomeUnknown,
    Placed,
    Rejected,
    Unavailable,
    require_placed,
)


def limit_order(client_id: int = 7, symbol: str = "SOL_USDC_PERP") -> OrderRequest:
    return OrderRequest(
        symbol=symbol,
        side=Side.BID,
        order_type="Limit",
        price=Decimal("141.2500"),
        quantity=Decimal("12"),
        client_id=client_id,
        post_only=True,
        stop_loss_trigger_price=Decimal("139"),
        stop_loss_trigger_by="MarkPrice",
    )


def execute(request: Received) -> Reply:
    """Answer as the exchange does."""
    if request.method == "GET":
        return http(200, "1788285151083", content_type="text/plain")
    return http(200, samples.placed(request.body))


def test_an_accepted_order_is_placed_with_the_times_of_its_way(serve, connect, alice) -> None:
    server = serve(execute)
    before_ns = time.time_ns()

    outcome = connect(server.url).place_order(alice, limit_order())

    assert isinstance(outcome, Placed)
    assert outcome.order.client_id == 7
    assert outcome.order.price == Decimal("141.25")
    (seen,) = server.requests
    assert before_ns < outcome.sent_ns < outcome.answered_ns < time.time_ns()
    assert outcome.sent_ns - seen.received_ns < 50_000_000


def test_the_body_carries_the_order_and_the_headers_sign_exactly_it(serve, connect, alice) -> None:
    server = serve(execute)

    connect(server.url).place_order(alice, limit_order())

    (seen,) = server.requests
    assert (seen.method, seen.path) == ("POST", "/api/v1/order")
    assert json.loads(seen.body) == {
        "symbol": "SOL_USDC_PERP",
        "side": "Bid",
        "orderType": "Limit",
        "price": "141.25",
        "quantity": "12",
        "clientId": 7,
        "postOnly": True,
        "selfTradePrevention": "RejectTaker",
        "stopLossTriggerPrice": "139",
        "stopLossTriggerBy": "MarkPrice",
    }
    text = (
        "instruction=orderExecute&clientId=7&orderType=Limit&postOnly=true&price=141.25&quantity=12"
        "&selfTradePrevention=RejectTaker&side=Bid&stopLossTriggerBy=MarkPrice&stopLossTriggerPrice=139"
        "&symbol=SOL_USDC_PERP&timestamp=1788285243978&window=5000"
    )
    assert (seen.headers["x-timestamp"], seen.headers["x-window"]) == ("1788285243978", "5000")
    VerifyKey(base64.b64decode(seen.headers["x-api-key"])).verify(
        text.encode(), base64.b64decode(seen.headers["x-signature"])
    )


def test_a_request_reaches_the_socket_in_one_write(serve, connect, alice) -> None:
    server = serve(execute)

    connect(server.url).place_order(alice, limit_order())

    assert server.requests[0].reads == 1


def test_no_secret_of_the_environment_travels_along(serve, connect, alice, monkeypatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server = serve(execute)

    outcome = connect(server.url).place_order(alice, limit_order())

    assert isinstance(outcome, Placed)
    assert "authorization" not in server.requests[0].headers


REFUSED = [
    pytest.param(
        http(400, '{"code":"INVALID_ORDER","message":"Order would immediately match and take"}'),
        Rejected("INVALID_ORDER", "Order would immediately match and take", 0),
        id="a post-only order that crosses",
    ),
    pytest.param(
        http(400, "parse request payload error: Invalid market symbol", content_type="text/plain"),
        Rejected("HTTP_400", "parse request payload error: Invalid market symbol", 0),
        id="a parse failure in plain text",
    ),
    pytest.param(
        http(403, "<html>blocked</html>", content_type="text/html"),
        Rejected("HTTP_403", "<html>blocked</html>", 0),
        id="a firewall's page",
    ),
    pytest.param(
        http(429, '{"code":"TOO_MANY_REQUESTS","message":"slow down"}'),
        Rejected("TOO_MANY_REQUESTS", "too many requests", 0),
        id="one request too many",
    ),
    pytest.param(
        http(429, "<html>slow down</html>", content_type="text/html"),
        Rejected("TOO_MANY_REQUESTS", "too many requests", 0),
        id="one request too many, says the gateway",
    ),
    pytest.param(http(400, ""), Rejected("HTTP_400", "", 0), id="an empty refusal"),
    pytest.param(http(400, '["code"]'), Rejected("HTTP_400", '["code"]', 0), id="a refusal of another form"),
    pytest.param(http(425, '{"code":"TOO_EARLY","message":"m"}'), Rejected("TOO_EARLY", "m", 0), id="too early"),
]


@pytest.mark.parametrize(("reply", "expected"), REFUSED)
def test_a_refused_order_does_not_exist(serve, connect, alice, reply: Reply, expected: Rejected) -> None:
    server = serve(lambda _: reply)

    outcome = connect(server.url).place_order(alice, limit_order())

    assert isinstance(outcome, Rejected)
    assert outcome.sent_ns is not None
    assert outcome._replace(sent_ns=0) == expected
    assert outcome.is_rate_limited == (b" 429 " in reply.raw)


TRUNCATED = Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{", then_close=True)

UNKNOWN = [
    pytest.param(http(500, '{"code":"INTERNAL","message":"m"}'), "HTTP 500", id="500"),
    pytest.param(http(502, "<html>bad gateway</html>", content_type="text/html"), "HTTP 502", id="502 from a gateway"),
    pytest.param(http(503, '{"code":"MAINTENANCE","message":"m"}'), "HTTP 503 MAINTENANCE", id="503 maintenance"),
    pytest.param(
        http(503, "Unknown error, please check your request or try again later.", content_type="text/plain"),
        "HTTP 503",
        id="503 in plain text",
    ),
    pytest.param(http(504, ""), "HTTP 504", id="504"),
    pytest.param(http(408, ""), "HTTP 408", id="408"),
    pytest.param(http(400, '{"code":"TIMEOUT","message":"m"}'), "TIMEOUT", id="code TIMEOUT"),
    pytest.param(http(400, '{"code":"SERVER_ERROR","message":"m"}'), "SERVER_ERROR", id="code SERVER_ERROR"),
    pytest.param(http(202, ""), "HTTP 202", id="accepted, not executed"),
    pytest.param(http(204, ""), "HTTP 204", id="no content"),
    pytest.param(http(307, "", headers="Location: /api/v1/order\r\n"), "HTTP 307", id="a redirect"),
    pytest.param(http(200, "", headers="Location: http://[\r\n"), "not JSON", id="an empty 200"),
    pytest.param(http(302, "", headers="Location: http://[\r\n"), "", id="a redirect to nowhere"),
    pytest.param(http(200, '{"id":"1","stat'), "not JSON", id="half an answer"),
    pytest.param(http(200, "<html>ok</html>"), "not JSON", id="a page"),
    pytest.param(http(200, "[]"), "order", id="an answer of another form"),
    pytest.param(
        http(200, json.dumps(samples.order(clientId=7, status="Paused"))), "unknown status", id="a new status"
    ),
    pytest.param(http(200, json.dumps(samples.order(clientId=7, side="Buy"))), "unknown side", id="another side"),
    pytest.param(http(200, json.dumps(samples.order(clientId=8))), "another order", id="another order's answer"),
    pytest.param(http(200, json.dumps(samples.order(clientId=None))), "another order", id="an anonymous answer"),
    pytest.param(TRUNCATED, "", id="closed in the middle of the body"),
    pytest.param(Reply(b"", then_close=True), "", id="closed without an answer"),
    pytest.param(Reply(b"", then_reset=True), "", id="reset without an answer"),
    pytest.param(Reply(b"HTTP/1.1 2", then_close=True), "", id="closed in the middle of the status"),
    pytest.param(Reply(b"SSH-2.0-OpenSSH\r\n", then_close=True), "", id="not HTTP"),
    pytest.param(
        Reply(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"), "", id="not what it says"
    ),
]


@pytest.mark.parametrize(("reply", "reason"), UNKNOWN)
def test_an_order_whose_answer_proves_nothing_is_unknown_and_was_sent_once(
    serve, connect, alice, reply: Reply, reason: str
) -> None:
    server = serve(lambda _: reply)
    before_ns = time.time_ns()

    outcome = connect(server.url).place_order(alice, limit_order(symbol="USDT_USDC"))

    assert isinstance(outcome, OutcomeUnknown)
    assert reason in outcome.reason
    assert before_ns < outcome.sent_ns < time.time_ns()
    assert len(server.requests) == 1


def test_an_answer_that_does_not_come_in_time_is_unknown(serve, connect, alice) -> None:
    server = serve(lambda request: execute(request)._replace(delay_s=0.6))

    outcome = connect(server.url, timeout_s=0.2).place_order(alice, limit_order())

    assert isinstance(outcome, OutcomeUnknown)
    assert len(server.requests) == 1


def test_an_answer_that_comes_too_late_is_never_taken_for_the_next_order_s(serve, connect, alice) -> None:
    server = serve(lambda request: execute(request)._replace(delay_s=0.3 if b'"clientId":1,' in request.body else 0))
    rest = connect(server.url, timeout_s=0.2)

    first = rest.place_order(alice, limit_order(1))
    time.sleep(0.3)
    second = rest.place_order(alice, limit_order(2))

    assert isinstance(first, OutcomeUnknown)
    assert isinstance(second, Placed)
    assert second.order.client_id == 2


@pytest.mark.parametrize("how", [{"then_close": True}, {"then_reset": True}], ids=["closed", "reset"])
def test_a_kept_alive_connection_that_dies_after_the_execution_sees_exactly_one_post(
    serve, connect, alice, how: dict[str, bool]
) -> None:
    executed: list[bytes] = []

    def execute_then_die(request: Received) -> Reply:
        executed.append(request.body)
        return execute(request) if len(executed) == 1 else Reply(b"", **how)

    server = serve(execute_then_die)
    rest = connect(server.url)
    first = rest.place_order(alice, limit_order(1))

    second = rest.place_order(alice, limit_order(2))
    time.sleep(0.1)  # for whoever would like to try again

    assert isinstance(first, Placed)
    assert isinstance(second, OutcomeUnknown)
    assert [json.loads(body)["clientId"] for body in executed] == [1, 2]
    assert server.requests[1].connection == server.requests[0].connection


def test_a_connection_that_the_server_closed_while_idle_is_replaced_before_sending(serve, connect, alice) -> None:
    server = serve(execute)
    rest = connect(server.url)
    rest.place_order(alice, limit_order(1))
    server.close_idle_connections()
    time.sleep(0.05)

    outcome = rest.place_order(alice, limit_order(2))

    assert isinstance(outcome, Placed)
    assert [json.loads(request.body)["clientId"] for request in server.requests] == [1, 2]
    assert server.connections == 2


def test_with_nobody_listening_the_order_never_left(connect, alice) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    outcome = connect(f"http://127.0.0.1:{port}").place_order(alice, limit_order())

    assert isinstance(outcome, Unavailable)


def test_a_name_that_does_not_resolve_is_never_left(connect, alice) -> None:
    outcome = connect(f"http://{'x' * 64}.invalid").place_order(alice, limit_order())

    assert isinstance(outcome, Unavailable)


def test_a_connect_that_times_out_is_never_left(connect, alice) -> None:
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)  # the kernel drops what does not fit the queue
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        time.sleep(0.05)

        outcome = connect(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_s=0.2).place_order(
            alice, limit_order()
        )

    assert isinstance(outcome, Unavailable)


def test_without_a_signer_no_order_of_the_batch_leaves(serve, connect, accounts, tmp_path: Path) -> None:
    server = serve(execute)
    rest = connect(server.url, signer=SignerClient(tmp_path / "nobody"))

    outcomes = rest.place_orders([(account, limit_order()) for account in accounts[:3]])

    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    assert server.requests == []


def test_an_order_that_the_signer_refuses_does_not_leave_and_its_neighbours_do(serve, connect, accounts) -> None:
    server = serve(execute)
    smuggling = limit_order(2, symbol="SOL&instruction=withdraw")
    batch = [(accounts[0], limit_order(1)), (accounts[1], smuggling), (accounts[2], limit_order(3))]

    first, refused, third = connect(server.url).place_orders(batch)

    assert isinstance(first, Placed)
    assert isinstance(third, Placed)
    assert refused == Rejected("SIGNER_REFUSED", "the field symbol has a form that is not allowed", None)
    assert len(server.requests) == 2


def test_a_batch_leaves_at_once_and_its_outcomes_come_in_its_order(serve, connect, accounts) -> None:
    server = serve(lambda request: execute(request)._replace(delay_s=0.1))
    batch = [(account, limit_order(1000 + account.account_id)) for account in accounts]
    began = time.monotonic()

    outcomes = connect(server.url).place_orders(batch)

    assert time.monotonic() - began < 0.1 * len(batch) / 4
    assert [outcome.order.client_id for outcome in outcomes if isinstance(outcome, Placed)] == [
        request.client_id for _, request in batch
    ]


def test_one_bad_answer_in_a_batch_is_that_order_s_alone(serve, connect, accounts) -> None:
    server = serve(
        lambda request: Reply(b"", then_close=True) if b'"clientId":2,' in request.body else execute(request)
    )
    batch = [(account, limit_order(account.account_id)) for account in accounts[:3]]

    outcomes = connect(server.url).place_orders(batch)

    assert [type(outcome) for outcome in outcomes] == [Placed, OutcomeUnknown, Placed]


def test_each_account_keeps_its_own_connection(serve, connect, accounts) -> None:
    server = serve(execute)
    rest = connect(server.url)
    assert rest.warm_up(accounts[:5]) == 5

    for round_number in range(3):
        rest.place_orders([(account, limit_order(round_number)) for account in accounts[:5]])

    keys_by_connection = {(seen.connection, seen.headers["x-api-key"]) for seen in server.of("POST")}
    assert server.connections == 5
    assert len(keys_by_connection) == 5


def test_warming_up_says_how_many_connections_it_opened(connect, accounts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert connect(f"http://127.0.0.1:{port}").warm_up(accounts[:3]) == 0


def test_several_orders_of_one_account_leave_at_once(serve, connect, alice) -> None:
    server = serve(lambda request: execute(request)._replace(delay_s=0.2))
    began = time.monotonic()

    outcomes = connect(server.url).place_orders([(alice, limit_order(number)) for number in range(4)])

    assert time.monotonic() - began < 0.5
    assert [type(outcome) for outcome in outcomes] == [Placed] * 4


def test_an_empty_batch_asks_nobody(connect, tmp_path: Path) -> None:
    assert connect("http://127.0.0.1:9", signer=SignerClient(tmp_path / "nobody")).place_orders([]) == []


def test_after_a_fork_the_child_opens_connections_of_its_own(serve, connect, accounts) -> None:
    server = serve(execute)
    rest = connect(server.url)
    batch = [(account, limit_order(account.account_id)) for account in accounts[:4]]
    rest.place_orders(batch)
    child = os.fork()
    if child == 0:
        os._exit(0 if all(isinstance(outcome, Placed) for outcome in rest.place_orders(batch)) else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert server.connections == 8


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (Rejected("INVALID_ORDER", "m", 1), OrderRejected),
        (Unavailable("r"), ExchangeUnavailable),
        (OutcomeUnknown("r", 1), OrderOutcomeUnknown),
    ],
)
def test_an_outcome_can_be_turned_into_the_error_it_is(outcome, error: type[Exception]) -> None:
    with pytest.raises(error):
        require_placed(outcome)
