"""The sandbox as a process: its ready line, its clean end, its refusals, and trading against it."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket
from nacl.signing import SigningKey

from recordings.events import BookUpdate, Trade
from recordings.writer import RecordingWriter
from sandbox.web.auth import signing_string

ROOT = Path(__file__).resolve().parents[2]
PERP = "SOL_USDC_PERP"
Started = tuple[subprocess.Popen[str], dict[str, Any]]


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sandbox", *arguments]


@pytest.fixture
def start() -> Iterator[Callable[..., Started]]:
    """Start sandboxes that end with the test."""
    processes: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> Started:
        process = subprocess.Popen(
            _command(*arguments), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())

    yield run
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Two seconds of a market with a coarse grid of its own and a falling price."""
    folder = tmp_path / "recording"
    with RecordingWriter(folder, source_kind="hand-made") as writer:
        market = writer.add_market(
            "SOL_USDC_PERP", tick_size=Decimal("0.5"), step_size=Decimal("0.1"), depth=3, source="by hand"
        )
        for number in range(20):
            at_ns = 1_700_000_000_000_000_000 + number * 100_000_000
            bids = tuple((300 - number - n, 50) for n in range(3))
            asks = tuple((301 - number + n, 50) for n in range(3))
            market.append(BookUpdate(at_ns, True, bids, asks))
            market.append(Trade(at_ns, 300 - number, 2, True))
    return folder


def _signed(account: dict[str, str], instruction: str, body: dict[str, Any]) -> dict[str, str]:
    timestamp = str(time.time_ns() // 1_000_000)
    text = signing_string(instruction, body, timestamp=timestamp, window=5_000)
    signature = SigningKey(b64decode(account["api_secret"])).sign(text.encode()).signature
    return {
        "X-API-Key": account["api_key"],
        "X-Signature": b64encode(signature).decode(),
        "X-Timestamp": timestamp,
        "X-Window": "5000",
    }


def test_a_protected_entry_is_placed_filled_and_heard_over_the_wire(start: Callable[..., Started]) -> None:
    process, ready = start("--accounts", "2", "--seed", "3", "--speed", "5", "--symbol", PERP)
    account = ready["accounts"][0]
    stream = websocket.create_connection(ready["ws"], timeout=5)
    claim = list(_signed(account, "subscribe", {}).values())
    stream.send(json.dumps({"method": "SUBSCRIBE", "params": ["account.orderUpdate"], "signature": claim}))
    body = {
        "symbol": PERP,
        "side": "Bid",
        "orderType": "Market",
        "quantity": "1",
        "clientId": 1,
        "stopLossTriggerPrice": "140",
        "stopLossTriggerBy": "MarkPrice",
    }

    answer = requests.post(
        f"{ready['rest']}/api/v1/order", json=body, headers=_signed(account, "orderExecute", body), timeout=5
    )
    heard = [json.loads(stream.recv())["data"] for _ in range(3)]
    stream.close()
    process.send_signal(signal.SIGTERM)

    assert (answer.status_code, answer.json()["status"]) == (200, "Filled")
    assert [data["e"] for data in heard] == ["orderAccepted", "orderFill", "triggerPlaced"]
    assert heard[2]["I"] == answer.json()["id"]
    assert process.wait(timeout=5) == 0


def test_the_ready_line_names_what_a_client_needs_and_the_seed_repeats_the_keys(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    file = tmp_path / "accounts.json"
    _, first = start("--accounts", "2", "--seed", "3", "--accounts-file", str(file))
    _, second = start("--accounts", "2", "--seed", "3")
    _, random = start("--accounts", "2")

    assert list(first) == ["rest", "ws", "symbols", "accounts"]
    assert first["symbols"] == ["BTC_USDC_PERP", "ETH_USDC_PERP", "SOL_USDC_PERP", "SOL_USDC"]
    private = json.loads(file.read_text())
    assert private["accounts"] == second["accounts"] != random["accounts"]
    assert {name: private[name] for name in ("rest", "ws", "symbols")} == {
        name: first[name] for name in ("rest", "ws", "symbols")
    }
    assert first["accounts"] == [{"api_key": one["api_key"]} for one in private["accounts"]]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_ctrl_c_stops_it_cleanly_while_a_client_is_connected(start: Callable[..., Started]) -> None:
    process, ready = start("--symbol", PERP)
    stream = websocket.create_connection(ready["ws"], timeout=5)

    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=5) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    stream.close()


def test_a_recording_is_played_on_its_own_grid_and_starts_again(start: Callable[..., Started], recording: Path) -> None:
    process, ready = start("--recording", str(recording), "--speed", "20")
    market = requests.get(f"{ready['rest']}/api/v1/market", params={"symbol": PERP}, timeout=5).json()

    assert process.stderr is not None
    said = process.stderr.readline()

    assert (market["filters"]["price"]["tickSize"], market["filters"]["quantity"]["stepSize"]) == ("0.5", "0.1")
    assert said == "sandbox: the recording has ended, round 2 starts\n"


def test_a_recording_that_is_played_once_leaves_the_exchange_open(
    start: Callable[..., Started], recording: Path
) -> None:
    _, ready = start("--recording", str(recording), "--speed", "100", "--once")
    events = 0
    deadline = time.monotonic() + 5
    while events < 40 and time.monotonic() < deadline:
        events = requests.get(f"{ready['rest']}/sandbox/ledger", timeout=5).json()["events"]

    time.sleep(0.1)
    ledger = requests.get(f"{ready['rest']}/sandbox/ledger", timeout=5).json()

    assert (events, ledger["events"]) == (40, 40)


def _refusal(*arguments: str) -> tuple[int, list[str]]:
    done = subprocess.run(_command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stderr.splitlines()


def test_a_port_in_use_is_one_line_and_exit_code_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        code, lines = _refusal("--port", str(port))

    assert (code, len(lines)) == (2, 1)
    assert f"port {port}" in lines[0]


def test_an_accounts_file_that_cannot_be_written_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    code, lines = _refusal("--symbol", PERP, "--accounts-file", str(tmp_path / "missing" / "accounts.json"))

    assert (code, len(lines)) == (2, 1)
    assert "cannot be written" in lines[0]


def test_a_recording_that_does_not_parse_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "recording.json").write_text("{")

    code, lines = _refusal("--recording", str(tmp_path))

    assert (code, len(lines)) == (2, 1)
    assert "does not parse" in lines[0]


def test_a_symbol_that_the_recording_lacks_is_one_line_that_names_those_it_has(recording: Path) -> None:
    code, lines = _refusal("--recording", str(recording), "--symbol", "BTC_USDC_PERP")

    assert (code, len(lines)) == (2, 1)
    assert f"it has {PERP}" in lines[0]


def test_a_symbol_that_the_generator_lacks_is_one_line_that_names_those_it_has() -> None:
    code, lines = _refusal("--symbol", "DOGE_USDC_PERP")

    assert (code, len(lines)) == (2, 1)
    assert f"{os.linesep}".join(lines).endswith("SOL_USDC")
