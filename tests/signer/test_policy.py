"""What may be signed: an allow list, and texts that cannot mean anything but what their fields say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer import policy
from signer.errors import SignerRefused
from signer.signing import signing_string

ORDER = {"symbol": "SOL_USDC_PERP", "side": "Bid", "orderType": "Limit", "price": "1.5", "quantity": "2"}

NAMES = sorted({name for rule in policy.RULES.values() for name in (*rule.required, *rule.optional)})

# pieces that an attacker would try, glued in any order
PIECES = st.sampled_from(
    [
        "&",
        "=",
        "instruction",
        "withdraw",
        "&instruction=withdraw",
        "\n",
        "\r",
        "%26",
        "\0",
        "1",
        "1.5",
        "Bid",
        "٣",
        "＆",
        "100%",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=12),
    st.lists(PIECES, max_size=4).map("".join),
    st.sampled_from(
        ["Bid", "Ask", "Limit", "Market", "GTC", "MarkPrice", "User", "PERP", "SOL_USDC", "7", "0.1", "Asc"]
    ),
)
VALUES = st.one_of(
    TEXTS,
    st.integers(),
    st.booleans(),
    st.none(),
    st.floats(),
    st.lists(TEXTS, max_size=2),
    st.dictionaries(TEXTS, TEXTS, max_size=2),
)
FIELDS = st.dictionaries(st.one_of(st.sampled_from(NAMES), TEXTS), VALUES, max_size=6)


def check(instruction: object, params: object, timestamp_ms: object = 1, window_ms: object = 5000) -> None:
    policy.check(instruction, params, timestamp_ms=timestamp_ms, window_ms=window_ms)


def means(text: str) -> list[tuple[str, str]]:
    """Read a signing string as the exchange would."""
    return [(name, value) for name, _, value in (part.partition("=") for part in text.split("&"))]


def spoken(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(instruction=st.sampled_from(sorted(policy.RULES)), params=FIELDS)
def test_what_passes_means_exactly_its_fields(instruction: str, params: dict[str, Any]) -> None:
    try:
        check(instruction, params)
    except SignerRefused:
        return
    text = signing_string(instruction, params, timestamp_ms=1, window_ms=5000)

    said = [(name, spoken(value)) for name, value in sorted(params.items())]
    assert means(text) == [("instruction", instruction), *said, ("timestamp", "1"), ("window", "5000")]
    assert text.isascii()


@given(
    field=st.sampled_from(sorted({**policy.RULES["orderExecute"].required, **policy.RULES["orderExecute"].optional})),
    before=TEXTS,
    after=TEXTS,
)
def test_no_field_of_an_order_takes_a_second_instruction(field: str, before: str, after: str) -> None:
    smuggling = {**ORDER, field: f"{before}&instruction=withdraw{after}"}

    with pytest.raises(SignerRefused):
        check("orderExecute", smuggling)


@given(name=TEXTS.filter(lambda name: name not in NAMES))
def test_no_other_name_of_a_field_passes(name: str) -> None:
    with pytest.raises(SignerRefused):
        check("orderExecute", {**ORDER, name: "1"})


@pytest.mark.parametrize(
    "instruction",
    [
        "withdraw",
        "Withdraw",
        "orderExecute ",
        "orderExecute&instruction=withdraw",
        "",
        "accountUpdate",
        "borrowLendExecute",
        "convertDust",
        "depositAddressQuery",
        "issueTwoFactorToken",
        "maxWithdrawalQuantity",
        "quoteAccept",
        "rfqSubmit",
        "strategyCreate",
        "vaultMint",
        None,
        1,
        ["orderExecute"],
    ],
)
def test_an_instruction_that_is_not_listed_is_refused(instruction: object) -> None:
    with pytest.raises(SignerRefused, match="not on the allow list"):
        check(instruction, {})


@pytest.mark.parametrize(
    ("instruction", "params"),
    [
        ("orderExecute", ORDER),
        ("orderExecute", {**ORDER, "postOnly": True, "clientId": 2**32 - 1, "stopLossTriggerPrice": "0.00001"}),
        ("orderExecute", [ORDER, ORDER]),
        ("orderExecute", {**ORDER, "symbol": "kBONK_USDC_PERP"}),
        ("orderCancel", {"symbol": "BTC_USDC_PERP", "orderId": "59669287267"}),
        ("orderCancel", {"symbol": "BTC_USDC_PERP", "clientId": 7}),
        ("orderCancelAll", {"symbol": "BTC_USDC_PERP", "orderType": "ConditionalOrder"}),
        ("orderQueryAll", {}),
        ("fillHistoryQueryAll", {"from": 1788280000000, "limit": 1000, "offset": 0, "fillType": "User"}),
        ("positionQuery", {"symbol": "BTC_USDC_PERP", "marketType": "PERP"}),
        ("maxOrderQuantity", {"symbol": "BTC_USDC_PERP", "side": "Ask", "reduceOnly": True}),
        ("subscribe", {}),
    ],
)
def test_what_trading_needs_passes(instruction: str, params: object) -> None:
    check(instruction, params)


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({**ORDER, "price": "1e5"}, "price"),
        ({**ORDER, "price": "-1"}, "price"),
        ({**ORDER, "price": 1.5}, "price"),
        ({**ORDER, "price": ""}, "price"),
        ({**ORDER, "price": "1.5\n"}, "price"),
        ({**ORDER, "price": "١"}, "price"),
        ({**ORDER, "quantity": "1_0"}, "quantity"),
        ({**ORDER, "clientId": "7"}, "clientId"),
        ({**ORDER, "clientId": True}, "clientId"),
        ({**ORDER, "clientId": 2**32}, "clientId"),
        ({**ORDER, "clientId": -1}, "clientId"),
        ({**ORDER, "postOnly": "true"}, "postOnly"),
        ({**ORDER, "postOnly": 1}, "postOnly"),
        ({**ORDER, "selfTradePrevention": "Allow"}, "selfTradePrevention"),
        ({**ORDER, "side": "bid"}, "side"),
        ({**ORDER, "orderType": "StopMarket"}, "orderType"),
        ({**ORDER, "symbol": "SOL_USDC_PERP&side=Ask"}, "symbol"),
        ({**ORDER, "symbol": ["SOL_USDC_PERP"]}, "symbol"),
        ({**ORDER, "autoBorrow": True}, "not on the allow list"),
        ({**ORDER, "autoLendRedeem": True}, "not on the allow list"),
        ({**ORDER, "instruction": "withdraw"}, "not on the allow list"),
        ({**ORDER, "timestamp": 1}, "not on the allow list"),
        ({"symbol": "SOL_USDC_PERP", "side": "Bid"}, "orderType is missing"),
        ([], "1 to 50 orders"),
        ([ORDER] * 51, "1 to 50 orders"),
        ([ORDER, {**ORDER, "price": "x"}], "price"),
        ([ORDER, "x"], "not an object"),
        ("symbol=SOL", "must be one object"),
        (None, "must be one object"),
    ],
)
def test_an_order_of_another_form_is_refused_with_the_rule_it_breaks(params: object, why: str) -> None:
    with pytest.raises(SignerRefused, match=why):
        check("orderExecute", params)


def test_a_cancel_names_its_order_once() -> None:
    with pytest.raises(SignerRefused, match="exactly one"):
        check("orderCancel", {"symbol": "SOL_USDC", "orderId": "1", "clientId": 1})
    with pytest.raises(SignerRefused, match="exactly one"):
        check("orderCancel", {"symbol": "SOL_USDC"})


def test_only_orders_come_in_batches() -> None:
    with pytest.raises(SignerRefused, match="one object"):
        check("orderQueryAll", [{}])


@pytest.mark.parametrize("timestamp_ms", [None, 0, -1, 1.5, "1", True, 2**63])
def test_a_timestamp_is_whole_milliseconds(timestamp_ms: object) -> None:
    with pytest.raises(SignerRefused, match="timestamp"):
        check("balanceQuery", {}, timestamp_ms=timestamp_ms)


@pytest.mark.parametrize("window_ms", [None, 0, 60_001, "5000", True])
def test_a_window_is_at_most_a_minute(window_ms: object) -> None:
    with pytest.raises(SignerRefused, match="window"):
        check("balanceQuery", {}, window_ms=window_ms)


def test_a_refusal_never_quotes_the_value() -> None:
    with pytest.raises(SignerRefused) as caught:
        check("orderExecute", {**ORDER, "price": "hunter2"})

    assert "hunter2" not in str(caught.value)
