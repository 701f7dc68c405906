"""A stream over a real socket: half messages, pings, closings and refusals."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from nacl.signing import VerifyKey
from websocket_peer import BINARY, CLOSE, PING, PONG, TEXT, WebSocketPeer, frame

from trading.exchange.backpack.streams import Frame, Stream
from trading.exchange.errors import ExchangeUnavailable, StreamClosed, StreamRefused, UnexpectedAnswer

MESSAGE = b'{"data":{"e":"depth","s":"SOL_USDC","u":1},"stream":"depth.SOL_USDC"}'
SECOND = b'{"data":{"e":"depth","s":"SOL_USDC","u":2},"stream":"depth.SOL_USDC"}'


@pytest.fixture
def listen() -> Iterator[Callable[..., WebSocketPeer]]:
    peers: list[WebSocketPeer] = []

    def start(**how: bytes) -> WebSocketPeer:
        peers.append(WebSocketPeer(**how))
        return peers[-1]

    yield start
    for peer in peers:
        peer.close()


@pytest.fixture
def peer(listen) -> WebSocketPeer:
    return listen()


@pytest.fixture
def stream(peer: WebSocketPeer) -> Iterator[Stream]:
    stream = Stream.connect(peer.url, timeout_s=2)
    yield stream
    stream.close()


def update_of(received: Frame | None) -> int:
    assert received is not None
    return int(received.data["u"])


def test_a_message_comes_with_its_stream_and_the_time_it_came(peer, stream) -> None:
    before_ns = time.time_ns()
    peer.send(frame(MESSAGE))

    received = stream.receive(1)

    assert received is not None
    assert (received.stream, received.data) == ("depth.SOL_USDC", {"e": "depth", "s": "SOL_USDC", "u": 1})
    assert before_ns < received.received_ns < time.time_ns()


def test_nothing_in_time_is_none(peer, stream) -> None:
    began = time.monotonic()

    assert stream.receive(0.05) is None
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("cut", [1, 2, 3, 10, len(MESSAGE)])
def test_a_timeout_in_the_middle_of_a_message_loses_nothing(peer, stream, cut: int) -> None:
    whole = frame(MESSAGE)
    peer.send(whole[:cut])
    assert stream.receive(0.05) is None

    peer.send(whole[cut:] + frame(SECOND))

    assert [update_of(stream.receive(1)), update_of(stream.receive(1))] == [1, 2]


@pytest.mark.parametrize("size", [200, 70_000])
@pytest.mark.parametrize("cut", [1, 3, 5, 9, 150])
def test_a_timeout_in_the_middle_of_a_long_message_loses_nothing(peer, stream, size: int, cut: int) -> None:
    payload = json.dumps({"data": {"u": 1, "x": "y" * size}, "stream": "s"}).encode()
    whole = frame(payload)
    peer.send(whole[:cut])
    assert stream.receive(0.05) is None

    peer.send(whole[cut:])

    assert update_of(stream.receive(1)) == 1


def test_a_message_in_fragments_with_a_ping_between_them_is_one_message(peer, stream) -> None:
    peer.send(frame(MESSAGE[:20], is_last=False))
    assert stream.receive(0.05) is None
    peer.send(frame(b"hello", opcode=PING))
    peer.send(frame(MESSAGE[20:], opcode=0))

    assert update_of(stream.receive(1)) == 1
    assert peer.read() == (PONG, b"hello")


def test_pings_are_answered_and_show_that_the_connection_lives(peer, stream) -> None:
    before_ns = stream.last_received_ns
    peer.send(frame(b"are you there", opcode=PING))

    assert stream.receive(0.1) is None

    assert peer.read() == (PONG, b"are you there")
    assert stream.last_received_ns > before_ns


def test_a_subscription_to_public_streams_carries_no_signature(peer, stream) -> None:
    stream.subscribe(["depth.SOL_USDC", "trade.SOL_USDC"])

    opcode, payload = peer.read()
    assert opcode == TEXT
    assert json.loads(payload) == {"method": "SUBSCRIBE", "params": ["depth.SOL_USDC", "trade.SOL_USDC"]}


def test_a_subscription_to_private_streams_is_signed_by_the_signer(peer, stream, connect, alice) -> None:
    signature = connect("http://127.0.0.1:9").subscribe_signature(alice)

    stream.subscribe(["account.orderUpdate"], signature)

    message = json.loads(peer.read()[1])
    api_key, signed, timestamp, window = message["signature"]
    assert (timestamp, window) == ("1788285243978", "5000")
    VerifyKey(base64.b64decode(api_key)).verify(
        b"instruction=subscribe&timestamp=1788285243978&window=5000", base64.b64decode(signed)
    )


def test_unsubscribing_names_the_streams(peer, stream) -> None:
    stream.unsubscribe(["depth.SOL_USDC"])

    assert json.loads(peer.read()[1]) == {"method": "UNSUBSCRIBE", "params": ["depth.SOL_USDC"]}


@pytest.mark.parametrize(("code", "message"), [(4003, "Invalid signature"), (4006, "Invalid stream")])
def test_a_refused_subscription_says_why(peer, stream, code: int, message: str) -> None:
    peer.send(frame(json.dumps({"id": None, "error": {"code": code, "message": message}}).encode()))

    with pytest.raises(StreamRefused) as caught:
        stream.receive(1)

    assert (caught.value.code, caught.value.message) == (code, message)


@pytest.mark.parametrize("payload", [b"", b"pong", b"[]", b"null", b"{}", b'{"data":{}}', b'{"error":"x"}', b"\xff"])
def test_a_message_of_another_form_is_an_error_and_the_stream_goes_on(peer, stream, payload: bytes) -> None:
    peer.send(frame(payload) + frame(MESSAGE))

    with pytest.raises(UnexpectedAnswer):
        stream.receive(1)
    assert update_of(stream.receive(1)) == 1


def test_a_binary_message_is_read_like_a_text(peer, stream) -> None:
    peer.send(frame(MESSAGE, opcode=BINARY))

    assert update_of(stream.receive(1)) == 1


def test_a_close_frame_closes_the_stream_for_good(peer, stream) -> None:
    peer.send(frame((1001).to_bytes(2, "big") + b"going away", opcode=CLOSE))

    with pytest.raises(StreamClosed, match="1001"):
        stream.receive(1)
    with pytest.raises(StreamClosed):
        stream.receive(1)
    with pytest.raises(StreamClosed):
        stream.subscribe(["depth.SOL_USDC"])


def test_a_dropped_connection_is_closed_and_not_quiet(peer, stream) -> None:
    peer.send(frame(MESSAGE)[:10])
    peer.drop()

    with pytest.raises(StreamClosed):
        stream.receive(1)


@pytest.mark.parametrize("junk", [b"\xf1\x00", b"\x83\x00", b"\x80\x00", b"\x89\x7e\x00\xff" + bytes(255)])
def test_a_peer_that_breaks_the_protocol_is_left(peer, stream, junk: bytes) -> None:
    peer.send(junk)

    with pytest.raises(StreamClosed):
        stream.receive(1)


def test_closing_from_another_thread_ends_the_wait(peer, stream) -> None:
    closing = threading.Timer(0.1, stream.close)
    closing.start()
    began = time.monotonic()

    with pytest.raises(StreamClosed):
        stream.receive(5)

    assert time.monotonic() - began < 2
    closing.join()


def test_with_nobody_listening_it_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(ExchangeUnavailable):
        Stream.connect(f"ws://127.0.0.1:{port}", timeout_s=1)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: wrong\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_a_handshake_that_fails_is_unavailable(listen, answer: bytes) -> None:
    with pytest.raises(ExchangeUnavailable):
        Stream.connect(listen(answer=answer).url, timeout_s=1)


def test_the_proxies_of_the_environment_are_not_asked(listen, monkeypatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")

    Stream.connect(listen().url, timeout_s=1).close()
