"""The pieces of importers: exact grids, lines up to a cut, symbols in our words, events in time order."""

from __future__ import annotations

import gzip
from decimal import Decimal
from math import gcd
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.errors import MalformedInput
from recordings.events import BookUpdate, Trade
from recordings.importers.grid import GridFinder, Multiples
from recordings.importers.lines import LineReader
from recordings.importers.order import Received, TimeOrder
from recordings.importers.symbols import perp_symbol, spot_symbol


def found_unit(*texts: str) -> Decimal:
    finder = GridFinder()
    finder.add(texts)
    return finder.unit()


@pytest.mark.parametrize(
    ("texts", "unit"),
    [
        (["61800.20", "61800.30"], "0.1"),
        (["109755.0", "109756.0"], "1"),
        (["1e-05", "0.91116"], "0.00001"),
        (["300", "200"], "100"),
        (["0.000", "0.25"], "0.25"),
    ],
)
def test_the_unit_is_the_greatest_common_divisor(texts: list[str], unit: str) -> None:
    assert str(found_unit(*texts)) == unit


@given(st.lists(st.integers(1, 10**12), min_size=1), st.integers(0, 9))
def test_every_number_is_a_whole_multiple_of_the_unit_and_comes_back_exactly(numbers: list[int], places: int) -> None:
    texts = [format(Decimal(number).scaleb(-places), "f") for number in numbers]
    unit = found_unit(*texts)

    multiples = Multiples(unit)

    assert [multiples[text] * unit for text in texts] == [Decimal(text) for text in texts]
    assert gcd(*(multiples[text] for text in texts)) == 1


@pytest.mark.parametrize("text", ["", "x", "nan", "Infinity", "-1", "1e-19"])
def test_what_is_no_exact_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number|is negative or has more than 18"):
        found_unit(text)


def test_a_number_between_two_multiples_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.15 is not on the grid"):
        Multiples(Decimal("0.1"))["0.15"]


def test_zeros_alone_give_no_unit() -> None:
    with pytest.raises(ValueError, match="no number above zero"):
        found_unit("0", "0.0")


def read(path: Path) -> list[tuple[int, bytes, bool, bool]]:
    return [tuple(line) for line in LineReader([path], passes=1, progress=lambda done, total: None).lines(path)]


@pytest.mark.parametrize("content", [b"one\ntwo\n\nfour\n", b"one\r\ntwo\r\n\r\nfour", b"one\ntwo\n\nfour"])
def test_lines_are_numbered_and_empty_ones_left_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lines").write_bytes(content)

    assert read(tmp_path / "lines") == [
        (1, b"one", False, False),
        (2, b"two", False, False),
        (4, b"four", True, False),
    ]


def test_appended_gzip_members_are_read_as_one_file(tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(gzip.compress(b"one\ntw") + gzip.compress(b"o\n"))

    assert [text for _, text, _, _ in read(tmp_path / "lines")] == [b"one", b"two"]


def test_a_cut_gzip_file_is_read_up_to_the_cut(tmp_path: Path) -> None:
    content = b"".join(b"line %d\n" % number for number in range(5_000))
    (tmp_path / "lines").write_bytes(gzip.compress(content)[:-300])

    lines = read(tmp_path / "lines")

    assert 1_000 < len(lines) < 5_000
    assert [line[3] for line in lines[-2:]] == [False, True]


def test_a_damaged_gzip_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(gzip.compress(b"one\n")[:10] + b"\xff" * 50)

    with pytest.raises(MalformedInput, match="cannot be read"):
        read(tmp_path / "lines")


@pytest.mark.parametrize(
    ("pair", "spot", "perp"),
    [
        ("BTCUSDT", "BTC_USDC", "BTC_USDC_PERP"),
        ("btcusdc", "BTC_USDC", "BTC_USDC_PERP"),
        ("1000PEPEUSDT", "1000PEPE_USDC", "1000PEPE_USDC_PERP"),
        ("ETHBTC", "ETH_BTC", "ETH_BTC_PERP"),
        ("BTCUSD_PERP", None, "BTC_USDC_PERP"),
        ("BTCUSD_240927", None, None),
        ("USDT", None, None),
    ],
)
def test_foreign_pairs_become_our_symbols(pair: str, spot: str | None, perp: str | None) -> None:
    assert (spot_symbol(pair), perp_symbol(pair)) == (spot, perp)


def trade(exchange_ns: int) -> Received:
    return Received(Trade(exchange_ns, 1, 1, True), 1)


def update(exchange_ns: int) -> Received:
    return Received(BookUpdate(exchange_ns, False, ((1, 1),), ()), 1)


def test_events_leave_in_order_of_time_with_trades_before_updates() -> None:
    order = TimeOrder(horizon_ns=100)

    released = [item for event in (update(50), trade(50), trade(40), update(151)) for item in order.push(event)]

    assert released == [trade(40), trade(50), update(50)]
    assert list(order.rest()) == [update(151)]


def test_an_event_of_a_time_that_was_released_is_refused() -> None:
    order = TimeOrder(horizon_ns=100)
    list(order.push(update(50)))
    list(order.push(update(151)))

    assert order.accepts_from_ns == 51
    with pytest.raises(ValueError, match="50 ns is too late"):
        list(order.push(trade(50)))


@given(st.lists(st.tuples(st.integers(0, 200), st.booleans()), max_size=50))
def test_whatever_comes_within_the_horizon_leaves_sorted(arrivals: list[tuple[int, bool]]) -> None:
    order = TimeOrder(horizon_ns=200)
    released = []
    for time, is_trade in arrivals:
        released += order.push(trade(time) if is_trade else update(time))

    released += order.rest()

    keys = [(item.event.exchange_ns, isinstance(item.event, BookUpdate)) for item in released]
    assert keys == sorted((time, not is_trade) for time, is_trade in arrivals)
