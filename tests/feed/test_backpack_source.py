"""Backpack's own frames (recorded by public clients) become exact ticks and lots."""

from __future__ import annotations

from decimal import Decimal

import orjson
import pytest

from trading.core.units import MarketGrid
from trading.exchange.errors import UnexpectedAnswer
from trading.feed.backpack import BackpackDecoder

GRID = MarketGrid(tick_size=Decimal("0.01"), step_size=Decimal("0.01"), min_quantity=Decimal("0.01"))
DEPTH = (
    b'{"E":1788367430247494,"T":1788367430246081,"U":4330360995,"a":[["98.97","22.39"]],"b":[],'
    b'"e":"depth","s":"SOL_USDC","u":4330360995}'
)
DELETION = (
    b'{"E":1788367431034999,"T":1788367431034824,"U":4330361031,"a":[["99.14","0.00"]],"b":[],'
    b'"e":"depth","s":"SOL_USDC","u":4330361031}'
)
MARK = (
    b'{"E":1788367430422109,"T":1788367430421396,"e":"markPrice","f":"0.0000125","i":"98.94998504",'
    b'"n":1788368400000,"p":"98.94","s":"SOL_USDC_PERP"}'
)


def test_a_recorded_depth_frame_is_read_exactly() -> None:
    update = BackpackDecoder().depth(orjson.loads(DEPTH), GRID)

    assert (update.first_id, update.last_id, update.engine_us) == (4330360995, 4330360995, 1788367430246081)
    assert (update.bids, update.asks) == ((), ((9897, 2239),))


def test_a_recorded_deletion_is_zero_lots() -> None:
    assert BackpackDecoder().depth(orjson.loads(DELETION), GRID).asks == ((9914, 0),)


def test_a_recorded_mark_price_keeps_an_index_between_two_ticks() -> None:
    mark = BackpackDecoder().mark(orjson.loads(MARK), GRID, 7)

    assert (mark.price_ticks, mark.index_ticks) == (Decimal(9894), Decimal("9894.998504"))
    assert (mark.funding_rate, mark.next_funding_ms) == (Decimal("0.0000125"), 1788368400000)
    assert (mark.exchange_us, mark.received_ns) == (1788367430421396, 7)


def test_a_price_off_the_grid_is_refused() -> None:
    coarse = MarketGrid(tick_size=Decimal("0.1"), step_size=Decimal("0.01"), min_quantity=Decimal("0.01"))

    with pytest.raises(UnexpectedAnswer):
        BackpackDecoder().depth(orjson.loads(DEPTH), coarse)
