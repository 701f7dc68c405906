"""What the tests of recordings share: hand-made foreign recordings, and the way to the real ones."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

Level = tuple[str, str]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings."""
    data = Path(os.environ.get("OBIWORK_SHARED", REPOSITORY.parent / "shared")) / "data"
    if not data.is_dir():
        pytest.skip(f"the real recordings are not at {data} (set OBIWORK_SHARED)")
    return data


@pytest.fixture
def book_row() -> Callable[..., str]:
    """A row of a book file with two levels a side."""

    def row(
        exchange_ms: int,
        *,
        bids: Sequence[Level] = (("99.5", "1"), ("99.0", "2")),
        asks: Sequence[Level] = (("100.5", "3"), ("101.0", "4")),
    ) -> str:
        cells = [str(exchange_ms / 1000), str(exchange_ms), str(exchange_ms)]
        for bid, ask in zip(bids, asks, strict=True):
            cells += [*bid, *ask]
        return ",".join(cells)

    return row


@pytest.fixture
def trade_row() -> Callable[..., str]:
    """A row of a trade file."""

    def row(exchange_ms: int, *, trade_id: str, price: str = "100.5", size: str = "1", side: str = "buy") -> str:
        return f"{exchange_ms / 1000},{price},{size},{side},{trade_id},{exchange_ms}"

    return row


@pytest.fixture
def hyperliquid_folder(tmp_path: Path) -> Callable[..., Path]:
    """A folder of Hyperliquid files made of rows."""

    def folder(*, book: Sequence[str], trades: Sequence[str] = (), coin: str = "BTC") -> Path:
        path = tmp_path / "hyperliquid"
        path.mkdir(exist_ok=True)
        levels = [f"bid_price_{i},bid_size_{i},ask_price_{i},ask_size_{i}" for i in range(2)]
        header = ",".join(["timestamp,sequence,exchange_timestamp", *levels])
        (path / f"orderbooks_{coin}.csv").write_text("\n".join([header, *book]) + "\n")
        trade_header = "timestamp,price,size,side,trade_id,exchange_timestamp"
        (path / f"trades_{coin}.csv").write_text("\n".join([trade_header, *trades]) + "\n")
        return path

    return folder


@pytest.fixture
def depth() -> Callable[..., dict[str, object]]:
    """A depth update of the USD-M stream; numbers 101 to 110 follow number 100."""

    def message(
        *, pu: int, u: int, ms: int, bids: Sequence[Level] = (("99.9", "1.5"),), asks: Sequence[Level] = ()
    ) -> dict[str, object]:
        return {
            "stream": "btcusdt@depth@0ms",
            "data": {
                "e": "depthUpdate", "E": ms + 3, "T": ms, "s": "BTCUSDT",
                "U": pu + 1, "u": u, "pu": pu, "b": list(bids), "a": list(asks),
            },
        }  # fmt: skip

    return message


@pytest.fixture
def trade() -> Callable[..., dict[str, object]]:
    """A trade of the USD-M stream."""

    def message(*, trade_id: int, ms: int, price: str = "100.1", quantity: str = "0.5") -> dict[str, object]:
        data = {
            "e": "trade", "E": ms + 3, "T": ms, "s": "BTCUSDT", "t": trade_id,
            "p": price, "q": quantity, "X": "MARKET", "m": True,
        }  # fmt: skip
        return {"stream": "btcusdt@trade", "data": data}

    return message


@pytest.fixture
def snapshot() -> Callable[..., dict[str, object]]:
    """A REST snapshot of USD-M, which does not name its market."""

    def message(*, last_id: int, ms: int) -> dict[str, object]:
        bids, asks = [["99.9", "1"], ["99.8", "2"]], [["100.1", "3"], ["100.2", "4"]]
        return {"lastUpdateId": last_id, "E": ms + 1, "T": ms, "bids": bids, "asks": asks}

    return message


@pytest.fixture
def binance_file(tmp_path: Path) -> Callable[..., Path]:
    """A file of Binance messages, a millisecond of local time apart."""

    def file(*messages: Mapping[str, object], name: str = "usdm", first_ns: int = 1_000_000) -> Path:
        path = tmp_path / name
        lines = [f"{first_ns + 1_000_000 * i} {json.dumps(message)}" for i, message in enumerate(messages)]
        path.write_text("\n".join(lines) + "\n")
        return path

    return file
