"""The client: it reconnects before asking, never reads another question's answer, and survives forks and threads."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from signer.client import Signature, SignerClient, SignRequest
from signer.errors import SignerRefused, SignerUnavailable

SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
CONTEXT = "alice|accounts.ExchangeAccount.secret|1"


def request(sealed: str, timestamp_ms: int) -> SignRequest:
    return SignRequest(sealed, CONTEXT, "balanceQuery", {}, timestamp_ms, 5000)


def test_without_a_signer_it_is_unavailable(folder: Path) -> None:
    with pytest.raises(SignerUnavailable):
        SignerClient(folder / "nobody").ping()


def test_after_a_restart_of_the_signer_the_same_client_goes_on(start_signer: Callable) -> None:
    first = start_signer()
    client = SignerClient(first.socket_path)
    sealed = client.seal(SECRET, CONTEXT).sealed
    first.stop()
    start_signer()

    (signature,) = client.sign([request(sealed, 1)])

    assert isinstance(signature, Signature)


def test_while_the_signer_is_down_it_is_unavailable_and_then_it_recovers(start_signer: Callable) -> None:
    first = start_signer()
    client = SignerClient(first.socket_path)
    client.ping()
    first.stop()

    with pytest.raises(SignerUnavailable):
        client.ping()
    start_signer()
    client.ping()


def test_an_answer_that_comes_too_late_is_never_taken_for_the_next_one(folder: Path) -> None:
    path = folder / "slow"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        client = SignerClient(path, timeout_s=0.2)

        with pytest.raises(SignerUnavailable):
            client.seal(SECRET, CONTEXT)
        first, _ = listener.accept()
        with first:
            answer = threading.Thread(target=_answer_next_connection, args=(listener,))
            answer.start()
            sealed = client.seal(SECRET, CONTEXT)
            answer.join()

    assert sealed.sealed == "the second answer"


def _answer_next_connection(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1 << 16)
        body = b'{"sealed":"the second answer","api_key":"k"}'
        connection.sendall(len(body).to_bytes(4, "big") + body)


def _accept_and_close(listener: socket.socket) -> None:
    listener.accept()[0].close()


def test_a_signer_that_closes_instead_of_answering_is_unavailable(folder: Path) -> None:
    path = folder / "closing"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        closing = threading.Thread(target=_accept_and_close, args=(listener,))
        closing.start()

        with pytest.raises(SignerUnavailable):
            SignerClient(path).ping()
        closing.join()


def test_a_message_beyond_the_limit_is_refused_without_sending_it(client: SignerClient) -> None:
    with pytest.raises(SignerRefused, match="too large"):
        client.sign([request("x" * 9_000_000, 1)])
    client.ping()


def test_threads_that_share_a_client_get_their_own_answers(client: SignerClient) -> None:
    sealed = client.seal(SECRET, CONTEXT).sealed
    expected = {ms: client.sign([request(sealed, ms)]) for ms in range(1, 41)}

    with ThreadPoolExecutor(8) as pool:
        answers = dict(pool.map(lambda ms: (ms, client.sign([request(sealed, ms)])), list(expected) * 5))

    assert answers == expected


def test_after_a_fork_parent_and_child_get_their_own_answers(client: SignerClient) -> None:
    sealed = client.seal(SECRET, CONTEXT).sealed
    (mine,), (others,) = client.sign([request(sealed, 1)]), client.sign([request(sealed, 2)])
    child = os.fork()
    if child == 0:
        os._exit(0 if all(client.sign([request(sealed, 2)]) == [others] for _ in range(200)) else 1)

    answers = [client.sign([request(sealed, 1)]) for _ in range(200)]

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert answers == [[mine]] * 200


def test_no_requests_need_no_signer(folder: Path) -> None:
    assert SignerClient(folder / "nobody").sign([]) == []
