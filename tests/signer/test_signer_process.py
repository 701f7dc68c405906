"""The signer as a process: what it survives, what it leaves behind, who may talk to it, and what it prints."""

from __future__ import annotations

import base64
import json
import os
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from nacl.signing import VerifyKey

from signer.client import Refused, Signature, SignerClient, SignRequest
from signer.errors import SignerRefused
from signer.framing import MAX_FRAME_BYTES

Start = Callable[..., "SignerProcess"]  # noqa: F821 - the fixture's class

REPOSITORY = Path(__file__).parents[2]
SECRET = base64.b64encode(bytes(range(100, 132))).decode()
CONTEXT = "alice|accounts.ExchangeAccount.secret|1"
SECONDS_TO_NOTICE = 5


def query(sealed: str, instruction: str = "balanceQuery", **params: object) -> SignRequest:
    return SignRequest(sealed, CONTEXT, instruction, params, 1788285243978, 5000)  # type: ignore[arg-type]


def raw_exchange(path: Path, message: bytes) -> bytes:
    """Send bytes, and return what comes before the connection is closed or quiet."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        connection.connect(str(path))
        connection.sendall(message)
        return connection.recv(1 << 16)


def framed(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


def test_a_signature_over_the_socket_verifies_with_the_api_key(client: SignerClient) -> None:
    sealed = client.seal(SECRET, CONTEXT)

    (signature,) = client.sign([query(sealed.sealed)])

    assert isinstance(signature, Signature)
    assert signature.api_key == sealed.api_key
    VerifyKey(base64.b64decode(signature.api_key)).verify(
        b"instruction=balanceQuery&timestamp=1788285243978&window=5000", base64.b64decode(signature.signature)
    )


def test_a_refused_request_does_not_spoil_its_neighbours(client: SignerClient) -> None:
    sealed = client.seal(SECRET, CONTEXT).sealed
    requests = [
        query(sealed),
        query(sealed, "withdraw", quantity="1"),
        query("not sealed at all"),
        SignRequest(sealed, "bob|accounts.ExchangeAccount.secret|2", "balanceQuery", {}, 1, 5000),
        query(sealed),
    ]

    results = client.sign(requests)

    assert [type(result) for result in results] == [Signature, Refused, Refused, Refused, Signature]


def test_a_thousand_orders_are_signed_in_one_batch(client: SignerClient) -> None:
    sealed = client.seal(SECRET, CONTEXT).sealed
    order = {"symbol": "SOL_USDC_PERP", "side": "Bid", "orderType": "Limit", "price": "1", "quantity": "2"}

    results = client.sign([query(sealed, "orderExecute", **order, clientId=number) for number in range(1000)])

    assert len({result.signature for result in results if isinstance(result, Signature)}) == 1000


def test_a_resealed_secret_signs_as_before(client: SignerClient) -> None:
    sealed = client.seal(SECRET, CONTEXT)

    resealed = client.reseal(sealed.sealed, CONTEXT)

    assert resealed.sealed != sealed.sealed
    assert client.sign([query(resealed.sealed)]) == client.sign([query(sealed.sealed)])


@pytest.mark.parametrize("secret", ["", "x", SECRET[:-4], "é" * 44, SECRET * 9])
def test_a_malformed_secret_is_not_sealed(client: SignerClient, secret: str) -> None:
    with pytest.raises(SignerRefused):
        client.seal(secret, CONTEXT)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"op":NaN}',
        b"[" * 100_000,
        b'{"op":"sign"}',
        b'{"op":"sign","requests":{}}',
        b'{"op":"sign","requests":[null,1,[]]}',
        b'{"op":"sign","requests":[{"instruction":{},"params":[],"timestamp":[],"window":{}}]}',
        b'{"op":"seal","secret":1,"context":[]}',
        b'{"op":"seal","secret":"AAAA","context":"\\ud800"}',
        b'{"op":{}}',
        b'{"op":"withdraw"}',
        json.dumps({"op": "sign", "requests": [{}] * 10_001}).encode(),
        b"1" * 5_000,
    ],
)
def test_a_bad_message_is_answered_and_kills_nothing(client: SignerClient, running_signer, body: bytes) -> None:
    answer = raw_exchange(running_signer.socket_path, framed(body))

    assert b"refused" in answer
    client.ping()


def test_a_frame_beyond_the_limit_is_refused_before_it_is_read(client: SignerClient, running_signer) -> None:
    answer = raw_exchange(running_signer.socket_path, struct.pack(">I", MAX_FRAME_BYTES + 1))

    assert b"too large" in answer
    client.ping()


def test_a_peer_that_leaves_in_the_middle_of_a_frame_hurts_nobody(client: SignerClient, running_signer) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(running_signer.socket_path))
        connection.sendall(framed(b"x" * 100)[:50])

    client.ping()


def test_a_silent_peer_holds_up_nobody_else(client: SignerClient, running_signer) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(running_signer.socket_path))
        connection.sendall(b"\0")

        client.ping()


def test_socket_and_folder_belong_to_their_owner_only(running_signer) -> None:
    socket_path = running_signer.socket_path

    assert stat.S_IMODE(socket_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(socket_path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(running_signer.keys_path.stat().st_mode) == 0o600


def test_sigterm_ends_it_at_once_and_removes_the_socket(start_signer: Start) -> None:
    signer = start_signer()
    began = time.monotonic()

    exit_code = signer.stop()

    assert exit_code == 0
    assert time.monotonic() - began < 2
    assert not signer.socket_path.exists()


def test_the_socket_of_a_killed_signer_is_replaced(start_signer: Start) -> None:
    killed = start_signer()
    killed.process.kill()
    killed.process.wait()
    assert killed.socket_path.exists()

    signer = start_signer()

    SignerClient(signer.socket_path).ping()


def test_a_second_signer_on_the_same_socket_is_refused_and_the_first_lives_on(start_signer: Start) -> None:
    first = start_signer()

    second = start_signer()

    assert second.process.wait(10) == 2
    assert "another signer is listening on" in second.printed()
    SignerClient(first.socket_path).ping()


def test_a_folder_that_others_can_enter_is_refused(start_signer: Start, folder: Path) -> None:
    (folder / "run").mkdir()
    (folder / "run").chmod(0o755)

    signer = start_signer()

    assert signer.process.wait(10) == 2
    assert "must be closed to others" in signer.printed()


def test_a_file_in_the_socket_s_place_is_left_alone(start_signer: Start, folder: Path) -> None:
    (folder / "run").mkdir(mode=0o700)
    (folder / "run" / "signer.sock").write_text("somebody's notes")

    signer = start_signer()

    assert signer.process.wait(10) == 2
    assert "is not a socket" in signer.printed()
    assert signer.socket_path.read_text() == "somebody's notes"


def test_a_key_file_that_others_can_read_stops_the_start_with_one_line(start_signer: Start, folder: Path) -> None:
    (folder / "keys.json").write_text("{}")
    (folder / "keys.json").chmod(0o644)

    signer = start_signer()

    assert signer.process.wait(10) == 2
    assert signer.printed().count("\n") == 1
    assert "must have mode 0600" in signer.printed()


def test_it_ends_when_its_parent_has_died(folder: Path) -> None:
    arguments = ["--socket", str(folder / "run" / "s"), "--keys", str(folder / "keys"), "--create-keys"]
    parent = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-m', 'signer', *sys.argv[1:]], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
    )

    subprocess.run([sys.executable, "-c", parent, *arguments], cwd=REPOSITORY, check=True, timeout=20)

    deadline = time.monotonic() + SECONDS_TO_NOTICE
    while (folder / "run" / "s").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not (folder / "run" / "s").exists()


def test_no_core_dump_can_hold_a_key() -> None:
    script = (
        "import ctypes, resource\n"
        "from signer.hardening import forbid_core_dumps\n"
        "forbid_core_dumps()\n"
        "get_dumpable = 3\n"
        "print(ctypes.CDLL(None).prctl(get_dumpable, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))\n"
    )

    answer = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True)

    assert answer.stdout == "0 (0, 0)\n"


def test_nothing_secret_is_ever_printed_or_answered(start_signer: Start) -> None:
    signer = start_signer()
    client = SignerClient(signer.socket_path)
    sealed = client.seal(SECRET, CONTEXT).sealed
    client.sign([query(sealed), query(sealed, "withdraw"), query(sealed[:-8] + "AAAAAAA=")])
    order = json.dumps({"op": "sign", "requests": [{"sealed": SECRET, "context": SECRET, "params": {SECRET: SECRET}}]})
    bodies = [
        json.dumps({"op": "seal", "secret": SECRET + "!", "context": CONTEXT}),
        json.dumps({"op": "seal", "secret": SECRET, "context": ""}),
        json.dumps({"op": SECRET}),
        '{"op":"seal","secret":"' + SECRET + '"',
        order,
    ]

    said = b"".join(raw_exchange(signer.socket_path, framed(body.encode())) for body in bodies).decode()
    signer.stop()
    said += signer.printed()

    key = json.loads(signer.keys_path.read_text())["keys"].popitem()[1]
    raw = base64.b64decode(SECRET)
    for secret in (SECRET, SECRET[:16], raw.hex(), repr(raw)[2:20], key, key[:16], sealed, sealed[40:60]):
        assert secret not in said


NOBODY = 65534


def ping_as(uid: int, path: Path) -> str:
    """Return what a process of another user gets: the answer, or the name of the error."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            said = raw_exchange(path, framed(b'{"op":"ping"}')) or b"closed"
        except OSError as error:
            said = type(error).__name__.encode()
        finally:
            os.write(write_end, said)
            os._exit(0)
    os.close(write_end)
    os.waitpid(child, 0)
    with os.fdopen(read_end, "rb") as answer:
        return answer.read().decode()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([], {"PermissionError"}, id="cannot reach the socket"),
        pytest.param(["--allow-uid", "12345"], {"closed", "ConnectionResetError", "BrokenPipeError"}, id="turned away"),
        pytest.param(["--allow-uid", str(NOBODY)], {'\0\0\0\r{"pong":true}'}, id="allowed"),
    ],
)
def test_another_user_talks_to_the_signer_only_where_it_was_allowed(
    start_signer: Start, folder: Path, arguments: list[str], said: set[str]
) -> None:
    folder.chmod(0o711)
    signer = start_signer(*arguments)

    assert ping_as(NOBODY, signer.socket_path) in said
