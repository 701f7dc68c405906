"""Streams over a real WebSocket: shapes against the recorded ones, joining, private streams and keep-alive."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

import pytest
import websocket
from sandbox_local import PERP, START_US, LocalExchange, Stream

from recordings.events import BookUpdate
from sandbox.web.hub import MAX_PENDING_BYTES, Connection, text_frame


def _change(local: LocalExchange, price: int, lots: int) -> None:
    local.feed(BookUpdate(0, False, ((price, lots),), ()))


def test_a_depth_message_keeps_the_markets_scale_and_has_number_ids(local: LocalExchange) -> None:
    stream = local.stream(f"depth.{PERP}")

    _change(local, 9_990, 2_239)
    _change(local, 9_990, 0)

    added, deleted = stream.take(2)
    assert list(added["data"]) == ["E", "T", "U", "a", "b", "e", "s", "u"]
    assert added == {
        "data": {
            "E": START_US,
            "T": START_US,
            "U": 7,
            "a": [],
            "b": [["99.90", "22.39"]],
            "e": "depth",
            "s": PERP,
            "u": 7,
        },
        "stream": f"depth.{PERP}",
    }
    assert (deleted["data"]["U"], deleted["data"]["b"]) == (8, [["99.90", "0.00"]])


def test_snapshot_and_stream_join_without_a_gap(local: LocalExchange) -> None:
    stream = local.stream(f"depth.{PERP}")
    _change(local, 9_990, 100)
    depth = local.get("/api/v1/depth", symbol=PERP, limit="1000").json()
    local.alice.place(side="Bid", orderType="Limit", price="99.95", quantity="3")
    local.alice.place(side="Bid", orderType="Market", quantity="12")

    bids = {Decimal(price): Decimal(quantity) for price, quantity in depth["bids"]}
    last_id = int(depth["lastUpdateId"])
    messages = [message["data"] for message in stream.take(3)]
    assert messages[0]["u"] == last_id
    for data in messages[1:]:
        assert data["U"] == last_id + 1
        last_id = data["u"]
        bids.update({Decimal(price): Decimal(quantity) for price, quantity in data["b"]})
    rest = local.get("/api/v1/depth", symbol=PERP, limit="1000").json()
    assert bids == {Decimal(price): Decimal(quantity) for price, quantity in rest["bids"]}
    assert last_id == int(rest["lastUpdateId"])


def test_aggregated_depth_joins_the_updates_of_its_interval(local: LocalExchange) -> None:
    stream = local.stream(f"depth.200ms.{PERP}")
    for lots in (1, 2, 3):
        _change(local, 9_990, lots)

    local.pass_time(0.25)

    data = stream.next()["data"]
    assert (data["U"], data["u"], data["b"]) == (7, 9, [["99.90", "0.03"]])


def test_public_messages_have_the_recorded_keys(local: LocalExchange) -> None:
    stream = local.stream(*(f"{name}.{PERP}" for name in ("trade", "bookTicker", "markPrice", "ticker")))

    local.sells(10, at=9_999)
    local.feed(BookUpdate(0, False, ((10_000, 2_239),), ()))
    local.pass_time(1)

    by_type = {message["data"]["e"]: message["data"] for message in stream.take(4)}
    assert list(by_type["trade"]) == ["E", "T", "a", "b", "e", "m", "p", "q", "s", "t"]
    assert (by_type["trade"]["p"], by_type["trade"]["m"], by_type["trade"]["t"]) == ("99.99", True, 1)
    assert list(by_type["bookTicker"]) == ["A", "B", "E", "T", "a", "b", "e", "s", "u"]
    assert (by_type["bookTicker"]["b"], by_type["bookTicker"]["B"]) == ("100.00", "22.39")
    assert list(by_type["markPrice"]) == ["E", "T", "e", "f", "i", "n", "p", "s"]
    assert (by_type["markPrice"]["i"], by_type["markPrice"]["p"]) == ("100.005", "100.00")
    assert list(by_type["ticker"]) == ["E", "V", "c", "e", "h", "l", "n", "o", "s", "v"]


def test_an_accepted_order_is_told_like_the_recorded_one(local: LocalExchange) -> None:
    stream = local.stream("account.orderUpdate", customer=local.alice)

    order = local.alice.place(side="Ask", orderType="Limit", price="100.76", quantity="20", postOnly=True).json()

    assert stream.next() == {
        "data": {
            "E": START_US,
            "O": "USER",
            "Q": "2015.2000",
            "S": "Ask",
            "T": START_US,
            "V": "RejectTaker",
            "X": "New",
            "Z": "0",
            "e": "orderAccepted",
            "f": "GTC",
            "i": order["id"],
            "o": "LIMIT",
            "p": "100.76",
            "q": "20.00",
            "r": False,
            "s": PERP,
            "t": None,
            "y": True,
            "z": "0",
        },
        "stream": "account.orderUpdate",
    }


def test_a_fill_is_told_with_its_fee_and_its_attached_stop(local: LocalExchange) -> None:
    stream = local.stream("account.orderUpdate", f"account.positionUpdate.{PERP}", customer=local.alice)

    stop = {"stopLossTriggerPrice": "98.5", "stopLossTriggerBy": "MarkPrice"}
    entry = local.alice.place(side="Bid", orderType="Market", quantity="2", clientId=7, **stop).json()

    accepted, fill, position, placed = (message["data"] for message in stream.take(4))
    assert (accepted["e"], accepted["o"], accepted["b"], accepted["g"]) == (
        "orderAccepted",
        "MARKET",
        "98.50",
        "MarkPrice",
    )
    assert {key: fill[key] for key in "LNXZclmntz"} == {
        "L": "100.01",
        "N": "USDC",
        "X": "Filled",
        "Z": "200.0200",
        "c": 7,
        "l": "2.00",
        "m": False,
        "n": "0.10001",
        "t": 1,
        "z": "2.00",
    }
    assert list(position) == ["B", "E", "M", "P", "Q", "T", "b", "e", "f", "i", "l", "m", "n", "p", "q", "s"]
    assert (position["e"], position["q"], position["B"]) == ("positionOpened", "2.00", "100.01")
    assert (placed["e"], placed["I"], placed["P"], placed["Y"]) == ("triggerPlaced", entry["id"], "98.50", "2.00")
    assert (placed["q"], placed["X"], placed["r"], placed["B"]) == ("0", "TriggerPending", True, "MarkPrice")


def test_subscribing_to_positions_sends_those_that_are_open_without_an_event_type(local: LocalExchange) -> None:
    local.alice.place(side="Ask", orderType="Market", quantity="1")

    opened = Stream(local.ws)
    opened.send(local.alice.subscription(["account.positionUpdate"]))
    data = opened.next()["data"]
    opened.socket.close()

    assert "e" not in data
    assert (data["q"], data["Q"], data["s"]) == ("-1.00", "1.00", PERP)
    assert isinstance(data["i"], int)


def test_nobody_hears_the_private_messages_of_another_account(local: LocalExchange) -> None:
    bob = local.stream("account.orderUpdate", customer=local.bob)

    local.alice.place(side="Bid", orderType="Limit", price="99", quantity="1")
    mine = local.bob.place(side="Bid", orderType="Limit", price="98", quantity="1").json()

    assert bob.next()["data"]["i"] == mine["id"]


@pytest.mark.parametrize(
    ("frame", "code", "message"),
    [
        ({"method": "SUBSCRIBE", "params": ["account.orderUpdate"]}, 4003, "Invalid signature"),
        (
            {"method": "SUBSCRIBE", "params": ["account.orderUpdate"], "signature": ["a", "b", "1", "5000"]},
            4003,
            "Invalid signature",
        ),
        ({"method": "SUBSCRIBE", "params": ["depth.NO_SUCH"]}, 4006, "Invalid stream"),
        ({"method": "SUBSCRIBE", "params": ["depths.SOL_USDC_PERP"]}, 4006, "Invalid stream"),
    ],
)
def test_a_refused_subscription_is_one_error_frame(
    local: LocalExchange, frame: dict[str, object], code: int, message: str
) -> None:
    stream = Stream(local.ws)

    stream.send(json.dumps(frame))

    assert stream.next() == {"id": None, "error": {"code": code, "message": message}}
    stream.socket.close()


def test_an_unsubscribed_stream_is_silent(local: LocalExchange) -> None:
    stream = local.stream(f"depth.{PERP}", f"trade.{PERP}")
    stream.send(json.dumps({"method": "UNSUBSCRIBE", "params": [f"depth.{PERP}"]}))
    stream.socket.ping("taken")
    stream.socket.recv_data(control_frame=True)

    _change(local, 9_990, 100)
    local.sells(1, at=9_999)

    assert stream.next()["data"]["e"] == "trade"


def test_a_client_that_does_not_answer_pings_is_dropped(local: LocalExchange) -> None:
    local.desk.pings_s = (0.02, 0.05)
    stream = Stream(local.ws)

    first = stream.socket.recv_frame()  # frames are not answered here
    with pytest.raises((websocket.WebSocketException, OSError)):
        _receive_until_dropped(stream)

    assert first.opcode == websocket.ABNF.OPCODE_PING


def _receive_until_dropped(stream: Stream) -> None:
    while True:
        stream.socket.recv_frame()


class _StuckWire:
    """A client that takes nothing."""

    def __init__(self) -> None:
        self.waiting = 0
        self.is_aborted = False

    def write(self, data: bytes) -> None:
        self.waiting += len(data)

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def abort(self) -> None:
        self.is_aborted = True

    def close(self) -> None:
        raise AssertionError("a stuck client cannot be closed politely")


def test_a_client_that_does_not_read_is_dropped_instead_of_waited_for() -> None:
    wire = _StuckWire()

    async def push_too_much() -> None:
        connection = Connection(wire, asyncio.get_running_loop())
        for _ in range(MAX_PENDING_BYTES // 100_000 + 2):
            connection.push(text_frame(b"x" * 100_000))
            await asyncio.sleep(0)

    asyncio.run(push_too_much())

    assert wire.is_aborted
    assert wire.waiting <= MAX_PENDING_BYTES
