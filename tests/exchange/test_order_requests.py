"""Order requests: contradictions cannot be built, and what can be built passes the signer's policy."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer import policy
from trading.core.units import Side
from trading.exchange.errors import ImpossibleOrder
from trading.exchange.orders import OrderRequest
from trading.exchange.render import decimal_text

AMOUNTS = st.decimals(min_value=Decimal("1e-12"), max_value=Decimal("1e12"), places=12).filter(lambda value: value > 0)
LIMIT: dict[str, Any] = {
    "symbol": "SOL_USDC_PERP",
    "side": Side.ASK,
    "order_type": "Limit",
    "price": Decimal(100),
    "quantity": Decimal(1),
    "client_id": 1,
}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("1.500", "1.5"),
        ("100", "100"),
        ("1000.00", "1000"),
        ("0.00", "0"),
        ("-0", "0"),
        ("-1.50", "-1.5"),
        ("0.1", "0.1"),
    ],
)
def test_a_number_is_written_in_plain_digits(number: str, text: str) -> None:
    assert decimal_text(Decimal(number)) == text


@given(number=st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15))
def test_the_text_of_a_number_is_that_number(number: Decimal) -> None:
    text = decimal_text(number)

    assert Decimal(text) == number
    assert "e" not in text.lower()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_has_no_text(number: str) -> None:
    with pytest.raises(ValueError, match="no decimal text"):
        decimal_text(Decimal(number))


@pytest.mark.parametrize(
    "changes",
    [
        {"symbol": ""},
        {"client_id": -1},
        {"client_id": 2**32},
        {"price": None},
        {"order_type": "Market"},
        {"quantity": None},
        {"quantity": Decimal(0)},
        {"price": Decimal(-1)},
        {"trigger_price": Decimal(90)},
        {"trigger_quantity": Decimal(1)},
        {"trigger_by": "MarkPrice"},
        {"stop_loss_trigger_by": "MarkPrice"},
        {"stop_loss_trigger_price": Decimal(0)},
        {"post_only": True, "time_in_force": "IOC"},
        {"order_type": "Market", "price": None, "post_only": True},
        {"price": Decimal("NaN")},
        {"quantity": Decimal("Infinity")},
    ],
)
def test_an_order_that_contradicts_itself_cannot_be_built(changes: dict[str, Any]) -> None:
    with pytest.raises(ImpossibleOrder):
        OrderRequest(**{**LIMIT, **changes})


def test_a_stop_market_order_is_a_market_order_with_both_halves_of_a_trigger() -> None:
    request = OrderRequest(
        symbol="SOL_USDC_PERP",
        side=Side.ASK,
        order_type="Market",
        client_id=9,
        trigger_price=Decimal("95.50"),
        trigger_quantity=Decimal("1.00"),
        trigger_by="MarkPrice",
        reduce_only=True,
        self_trade_prevention="RejectMaker",
    )

    assert request.to_params() == {
        "symbol": "SOL_USDC_PERP",
        "side": "Ask",
        "orderType": "Market",
        "clientId": 9,
        "triggerPrice": "95.5",
        "triggerQuantity": "1",
        "triggerBy": "MarkPrice",
        "reduceOnly": True,
        "selfTradePrevention": "RejectMaker",
    }


@given(
    price=AMOUNTS,
    quantity=AMOUNTS,
    stop=st.none() | AMOUNTS,
    trigger=st.none() | AMOUNTS,
    client_id=st.integers(0, 2**32 - 1),
    side=st.sampled_from(Side),
    post_only=st.booleans(),
    reduce_only=st.booleans(),
    time_in_force=st.sampled_from([None, "GTC"]),
)
def test_every_order_that_can_be_built_passes_the_signer_s_policy(
    *, price, quantity, stop, trigger, client_id, side, post_only, reduce_only, time_in_force
) -> None:
    request = OrderRequest(
        symbol="kBONK_USDC_PERP",
        side=side,
        order_type="Limit",
        price=price,
        quantity=quantity,
        client_id=client_id,
        post_only=post_only,
        reduce_only=reduce_only,
        time_in_force=time_in_force,
        trigger_price=trigger,
        trigger_quantity=trigger,
        stop_loss_trigger_price=stop,
    )

    policy.check("orderExecute", request.to_params(), timestamp_ms=1, window_ms=5000)
