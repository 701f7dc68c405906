"""The streams' messages, read as values: every recorded sample, and what they must not be mistaken for."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.core.units import MarketGrid, Side
from trading.exchange.backpack.parse import (
    OrderEvent,
    parse_book_ticker,
    parse_depth,
    parse_mark_price,
    parse_order_update,
    parse_position_update,
    parse_trade,
)
from trading.exchange.errors import UnexpectedAnswer
from trading.exchange.orders import OrderStatus

SOL = MarketGrid(Decimal("0.01"), Decimal("0.01"), Decimal("0.01"))
ETH_PERP = MarketGrid(Decimal("0.01"), Decimal("0.0001"), Decimal("0.0001"))
BTC_PERP = MarketGrid(Decimal("0.1"), Decimal("0.00001"), Decimal("0.00001"))

TICKER = (
    '{"A":"22.39","B":"288.77","E":1788367430247487,"T":1788367430246081,"a":"98.97","b":"98.96","e":"bookTicker",'
    '"s":"SOL_USDC","u":4330360995}'
)
DEPTH = (
    '{"E":1788367430247494,"T":1788367430246081,"U":4330360995,"a":[["98.97","22.39"]],"b":[],"e":"depth",'
    '"s":"SOL_USDC","u":4330360995}'
)
DEPTH_DELETE = (
    '{"E":1788367431034999,"T":1788367431034824,"U":4330361031,"a":[["99.14","0.00"]],"b":[],"e":"depth",'
    '"s":"SOL_USDC","u":4330361031}'
)
MARK = (
    '{"E":1788367430422109,"T":1788367430421396,"e":"markPrice","f":"0.0000125","i":"98.94998504",'
    '"n":1788368400000,"p":"98.94","s":"SOL_USDC_PERP"}'
)
TRADE = (
    '{"E":1754601477746429,"T":1754601477744000,"a":"5121860761","b":"5121861755","e":"trade","m":false,'
    '"p":"3870.25","q":"0.0008","s":"ETH_USDC_PERP","t":10782547}'
)
ACCEPTED = (
    '{"E":1788368290063153,"O":"USER","Q":"20.1520","S":"Ask","T":1788368290062979,"V":"RejectTaker","X":"New",'
    '"Z":"0","e":"orderAccepted","f":"GTC","i":"59887375336","o":"LIMIT","p":"1.0076","q":"20","r":false,'
    '"s":"USDT_USDC","t":null,"y":true,"z":"0"}'
)
MARKET_FILL = (
    '{"E":1754943862040486,"O":"USER","S":"Bid","T":1754943862040487,"V":"RejectTaker","L":"4299.16","N":"ETH",'
    '"Q":"4.30","X":"Filled","Z":"4.299160","e":"orderFill","f":"GTC","i":"5406825793","l":"0.0010","m":false,'
    '"n":"0.000001","o":"MARKET","q":"0.0010","r":false,"s":"ETH_USDC","t":2888471,"z":"0.0010"}'
)
TRIGGER_PLACED = (
    '{"E":1748288167010366,"O":"USER","P":"178.05","Q":"0","S":"Ask","T":1748288167009460,"V":"RejectTaker",'
    '"X":"TriggerPending","Y":"20.03","Z":"0","e":"triggerPlaced","f":"GTC","i":"114575813313101824","o":"LIMIT",'
    '"p":"178.15","q":"0","r":false,"s":"SOL_USDC","t":null,"z":"0"}'
)
TRIGGER_CANCELLED = (
    '{"B":"LastPrice","E":1748289564405220,"O":"USER","P":"178.55","S":"Ask","T":1748289564404373,"V":"RejectTaker",'
    '"X":"Cancelled","Y":"80%","Z":"0","e":"orderCancelled","f":"GTC","i":"114575904705282048","o":"MARKET","q":"0",'
    '"r":false,"s":"SOL_USDC","t":null,"z":"0"}'
)
POSITION_OPENED = (
    '{"B":"4236.36","E":1754943862040486,"M":"4235.88650933","P":"-0.000473","Q":"0.0010","T":1754943862040487,'
    '"b":"4238.479","e":"positionOpened","f":"0.02","i":5411399049,"l":"0","m":"0.0125","n":"4.23588650933","p":"0",'
    '"q":"0.0010","s":"ETH_USDC_PERP"}'
)
POSITION_SNAPSHOT = (
    '{"B":"126.97","E":1769366599828079,"M":"120.96","P":"0.0009","Q":"0.01","T":1769366599828078,"b":"126.9307",'
    '"f":"0.02","i":28563667732,"l":"0","m":"0.0135","n":"1.2096","p":"0.0592","q":"-0.01","s":"SOL_USDC_PERP"}'
)


def changed(sample: str, **changes: Any) -> dict[str, Any]:
    return {**json.loads(sample), **changes}


def without(sample: str, *keys: str) -> dict[str, Any]:
    return {key: value for key, value in json.loads(sample).items() if key not in keys}


def test_a_recorded_change_of_the_book() -> None:
    update = parse_depth(json.loads(DEPTH), SOL)

    assert update == ("SOL_USDC", 4330360995, 4330360995, (), ((9897, 2239),), 1788367430246081, 1788367430247494)


def test_a_level_with_no_quantity_deletes() -> None:
    assert parse_depth(json.loads(DEPTH_DELETE), SOL).asks == ((9914, 0),)


def test_rest_and_stream_write_one_tick_in_two_ways() -> None:
    stream = parse_depth(changed(DEPTH, b=[["86700.0", "0.00012"]], a=[]), BTC_PERP)
    rest = parse_depth(changed(DEPTH, b=[["86700", "0.000120"]], a=[]), BTC_PERP)

    assert stream == rest
    assert stream.bids == ((867000, 12),)


def test_a_price_between_two_ticks_is_an_error() -> None:
    with pytest.raises(UnexpectedAnswer, match="OffGrid"):
        parse_depth(changed(DEPTH, a=[["98.975", "1"]]), SOL)


def test_the_recorded_best_levels() -> None:
    ticker = parse_book_ticker(json.loads(TICKER), SOL)

    assert (ticker.bid, ticker.ask, ticker.update_id) == ((9896, 28877), (9897, 2239), 4330360995)


def test_a_side_without_orders_has_no_best_level() -> None:
    assert parse_book_ticker(changed(TICKER, b=None, B=None), SOL).bid is None
    assert parse_book_ticker(without(TICKER, "a", "A"), SOL).ask is None


def test_a_recorded_mark_price_lies_on_no_grid() -> None:
    mark = parse_mark_price(json.loads(MARK))

    assert (mark.mark_price, mark.index_price) == (Decimal("98.94"), Decimal("98.94998504"))
    assert (mark.funding_rate, mark.next_funding_ms) == (Decimal("0.0000125"), 1788368400000)


def test_a_recorded_trade() -> None:
    trade = parse_trade(json.loads(TRADE), ETH_PERP)

    assert trade == ("ETH_USDC_PERP", 10782547, 387025, 8, False, 1754601477744000, 1754601477746429)


def test_a_recorded_accepted_order() -> None:
    update = parse_order_update(json.loads(ACCEPTED))

    assert (update.event, update.status, update.exchange_id) == (OrderEvent.ACCEPTED, OrderStatus.NEW, "59887375336")
    assert (update.side, update.order_type, update.price) == (Side.ASK, "Limit", Decimal("1.0076"))
    assert (update.quantity, update.executed_quantity, update.post_only) == (Decimal(20), Decimal(0), True)
    assert (update.client_id, update.related_order_id, update.fill) == (None, None, None)
    assert (update.engine_us, update.emitted_us) == (1788368290062979, 1788368290063153)


def test_a_recorded_fill_of_a_market_order() -> None:
    update = parse_order_update(changed(MARKET_FILL, c=55555, I=5406825000))

    assert (update.event, update.status, update.order_type) == (OrderEvent.FILLED, OrderStatus.FILLED, "Market")
    assert update.related_order_id == "5406825000"
    assert update.fill is not None
    assert (update.fill.trade_id, update.fill.client_id) == (2888471, 55555)
    assert (update.fill.price, update.fill.quantity) == (Decimal("4299.16"), Decimal("0.0010"))
    assert (update.fill.fee, update.fill.fee_asset, update.fill.is_maker) == (Decimal("0.000001"), "ETH", False)


def test_a_fill_without_its_fee_does_not_pretend_that_it_was_free() -> None:
    update = parse_order_update(without(MARKET_FILL, "n", "N"))

    assert update.fill is not None
    assert update.fill.fee is None


def test_a_recorded_trigger_for_an_amount() -> None:
    update = parse_order_update(json.loads(TRIGGER_PLACED))

    assert (update.event, update.status) == (OrderEvent.TRIGGER_PLACED, OrderStatus.TRIGGER_PENDING)
    assert (update.trigger_price, update.trigger_quantity, update.trigger_percent) == (
        Decimal("178.05"),
        Decimal("20.03"),
        None,
    )
    assert (update.trigger_text, update.quantity) == ("20.03", Decimal(0))


def test_a_recorded_trigger_for_a_percentage() -> None:
    update = parse_order_update(json.loads(TRIGGER_CANCELLED))

    assert (update.event, update.status) == (OrderEvent.CANCELLED, OrderStatus.CANCELLED)
    assert (update.trigger_text, update.trigger_quantity, update.trigger_percent) == ("80%", None, Decimal(80))
    assert update.trigger_by == "LastPrice"


def test_a_recorded_opened_position() -> None:
    update = parse_position_update(json.loads(POSITION_OPENED))

    assert (update.event, update.position_id, update.net_quantity) == (
        "positionOpened",
        "5411399049",
        Decimal("0.0010"),
    )
    assert (update.entry_price, update.break_even_price) == (Decimal("4236.36"), Decimal("4238.479"))


def test_a_recorded_position_after_subscribing_has_no_event_and_a_sign() -> None:
    update = parse_position_update(json.loads(POSITION_SNAPSHOT))

    assert (update.event, update.net_quantity, update.exposure_quantity) == (None, Decimal("-0.01"), Decimal("0.01"))


def test_position_values_may_be_numbers_as_the_documentation_prints_them() -> None:
    numbers = json.loads('{"q":-0.01,"B":126.97,"b":126.9307,"M":120.96,"P":0.0009,"p":0.0592,"Q":0.01,"n":1.2096}')

    update = parse_position_update({**json.loads(POSITION_SNAPSHOT), **numbers})

    assert update == parse_position_update(json.loads(POSITION_SNAPSHOT))


@pytest.mark.parametrize(
    ("sample", "changes"),
    [
        (ACCEPTED, {"e": "orderDreamt"}),
        (ACCEPTED, {"X": "Paused"}),
        (ACCEPTED, {"S": "BUY"}),
        (ACCEPTED, {"o": "Iceberg"}),
        (ACCEPTED, {"r": None}),
        (ACCEPTED, {"z": None}),
        (ACCEPTED, {"i": None}),
        (MARKET_FILL, {"L": None}),
        (MARKET_FILL, {"m": None}),
        (MARKET_FILL, {"l": "NaN"}),
    ],
)
def test_an_order_update_of_another_form_is_an_error(sample: str, changes: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswer, match="order update"):
        parse_order_update(changed(sample, **changes))


@pytest.mark.parametrize("key", ["e", "i", "X", "S", "s", "o", "z", "Z", "r", "T", "E"])
def test_an_order_update_without_a_key_that_it_needs_is_an_error(key: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_order_update(without(ACCEPTED, key))


@pytest.mark.parametrize("key", ["U", "u", "a", "b", "s", "T", "E"])
def test_a_change_of_the_book_without_a_key_is_an_error(key: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_depth(without(DEPTH, key), SOL)


def test_a_position_update_of_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(UnexpectedAnswer, match="position update"):
        parse_position_update(changed(POSITION_OPENED, e="positionMoved"))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(key=st.sampled_from("UuabsTE"), junk=JUNK)
def test_junk_in_a_change_of_the_book_is_one_kind_of_error_or_none(key: str, junk: Any) -> None:
    with suppress(UnexpectedAnswer):
        parse_depth(changed(DEPTH, **{key: junk}), SOL)


@given(key=st.sampled_from(sorted(json.loads(MARKET_FILL))), junk=JUNK)
def test_junk_in_an_order_update_is_one_kind_of_error_or_none(key: str, junk: Any) -> None:
    with suppress(UnexpectedAnswer):
        parse_order_update(changed(MARKET_FILL, **{key: junk}))
