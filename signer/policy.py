"""Policy: what may be signed. An allow list of instructions, of their fields, and of each field's text.

Whatever is not listed is refused: `withdraw` and every other way for money to leave, settings of the
account, borrowing, conversions. No listed pattern admits `&`, `=`, a line end or anything beyond ASCII, so
that no value can smuggle a second instruction into the text to sign. Reasons name fields and rules, never
values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from signer.errors import SignerRefused

Check = Callable[[object], bool]

MAX_BATCH_ORDERS = 50
MAX_WINDOW_MS = 60_000
MAX_INTEGER = 2**63 - 1
MAX_CLIENT_ID = 2**32 - 1
MAX_PAGE = 1_000


def _matches(pattern: str) -> Check:
    compiled = re.compile(pattern)
    return lambda value: type(value) is str and compiled.fullmatch(value) is not None


def _one_of(*words: str) -> Check:
    allowed = frozenset(words)
    return lambda value: type(value) is str and value in allowed


def _integer(low: int, high: int) -> Check:
    return lambda value: type(value) is int and low <= value <= high


def _any(*checks: Check) -> Check:
    return lambda value: any(check(value) for check in checks)


_DECIMAL = r"[0-9]{1,20}(?:\.[0-9]{1,20})?"

symbol = _matches(r"[A-Za-z0-9]{1,24}(?:_[A-Za-z0-9]{1,24}){0,5}")
decimal = _matches(_DECIMAL)
decimal_or_percent = _matches(_DECIMAL + "%?")
flag = _any(lambda value: value is True, lambda value: value is False)
side = _one_of("Bid", "Ask")
trigger_by = _one_of("MarkPrice", "LastPrice", "IndexPrice")
client_id = _integer(0, MAX_CLIENT_ID)
order_id = _any(_matches(r"[0-9]{1,20}"), _integer(0, MAX_INTEGER))  # the exchange takes text and numbers
market_type = _one_of("SPOT", "PERP", "IPERP", "DATED", "PREDICTION", "RFQ")
word = _matches(r"[A-Za-z]{1,48}")
whole = _integer(0, MAX_INTEGER)
page = _integer(1, MAX_PAGE)
direction = _one_of("Asc", "Desc")


class Rule(NamedTuple):
    """Fields of one instruction: those that must be there, those that may, those of which one must."""

    required: Mapping[str, Check] = {}
    optional: Mapping[str, Check] = {}
    exactly_one_of: tuple[str, ...] = ()
    is_batchable: bool = False


_PAGES: Mapping[str, Check] = {"limit": page, "offset": whole, "sortDirection": direction}
_ONE_ORDER = {"orderId": order_id, "clientId": client_id}
_ORDER_REFERENCE = Rule({"symbol": symbol}, _ONE_ORDER, exactly_one_of=("orderId", "clientId"))
_NOTHING = Rule()

RULES: Mapping[str, Rule] = {
    "orderExecute": Rule(
        {"symbol": symbol, "side": side, "orderType": _one_of("Limit", "Market")},
        {
            "price": decimal,
            "quantity": decimal,
            "clientId": client_id,
            "postOnly": flag,
            "reduceOnly": flag,
            "timeInForce": _one_of("GTC", "IOC", "FOK"),
            "selfTradePrevention": _one_of("RejectTaker", "RejectMaker", "RejectBoth"),
            "triggerPrice": decimal,
            "triggerQuantity": decimal_or_percent,
            "triggerBy": trigger_by,
            "stopLossTriggerPrice": decimal,
            "stopLossLimitPrice": decimal,
            "stopLossTriggerBy": trigger_by,
            "takeProfitTriggerPrice": decimal,
            "takeProfitLimitPrice": decimal,
            "takeProfitTriggerBy": trigger_by,
        },
        is_batchable=True,
    ),
    "orderCancel": _ORDER_REFERENCE,
    "orderQuery": _ORDER_REFERENCE,
    "orderCancelAll": Rule({"symbol": symbol}, {"orderType": _one_of("RestingLimitOrder", "ConditionalOrder")}),
    "orderQueryAll": Rule({}, {"symbol": symbol, "marketType": market_type}),
    "positionQuery": Rule({}, {"symbol": symbol, "marketType": market_type}),
    "balanceQuery": _NOTHING,
    "collateralQuery": Rule({}, {"subaccountId": whole}),
    "accountQuery": _NOTHING,
    "maxOrderQuantity": Rule({"symbol": symbol, "side": side}, {"price": decimal, "reduceOnly": flag}),
    "orderHistoryQueryAll": Rule({}, {"orderId": order_id, "symbol": symbol, "marketType": market_type, **_PAGES}),
    "fillHistoryQueryAll": Rule(
        {},
        {
            "orderId": order_id,
            "symbol": symbol,
            "marketType": market_type,
            "from": whole,
            "to": whole,
            "fillType": word,
            **_PAGES,
        },
    ),
    "positionHistoryQueryAll": Rule({}, {"symbol": symbol, "state": word, "marketType": market_type, **_PAGES}),
    "fundingHistoryQueryAll": Rule({}, {"symbol": symbol, "subaccountId": whole, **_PAGES}),
    "settlementHistoryQueryAll": Rule({}, {"source": word, **_PAGES}),
    "subscribe": _NOTHING,
}


def check(instruction: object, params: object, *, timestamp_ms: object, window_ms: object) -> None:
    """Let a request pass that may be signed.

    Raises: SignerRefused with the rule that it breaks.
    """
    rule = RULES.get(instruction) if type(instruction) is str else None
    if rule is None:
        raise SignerRefused("this instruction is not on the allow list")
    if not _integer(1, MAX_INTEGER)(timestamp_ms):
        raise SignerRefused("the timestamp must be whole milliseconds")
    if not _integer(1, MAX_WINDOW_MS)(window_ms):
        raise SignerRefused(f"the window must be 1 to {MAX_WINDOW_MS} ms")
    if isinstance(params, Mapping):
        _check_fields(rule, params)
        return
    if not (rule.is_batchable and isinstance(params, Sequence) and not isinstance(params, str | bytes)):
        raise SignerRefused("the fields of this instruction must be one object")
    if not 1 <= len(params) <= MAX_BATCH_ORDERS:
        raise SignerRefused(f"a batch has 1 to {MAX_BATCH_ORDERS} orders")
    for order in params:
        if not isinstance(order, Mapping):
            raise SignerRefused("an order of the batch is not an object")
        _check_fields(rule, order)


def _check_fields(rule: Rule, fields: Mapping[object, object]) -> None:
    for name, value in fields.items():
        field_check = None
        if type(name) is str:
            field_check = rule.required.get(name) or rule.optional.get(name)
        if field_check is None:
            raise SignerRefused("a field is not on the allow list of this instruction")
        if not field_check(value):
            raise SignerRefused(f"the field {name} has a form that is not allowed")
    for name in rule.required:
        if name not in fields:
            raise SignerRefused(f"the field {name} is missing")
    if rule.exactly_one_of and sum(name in fields for name in rule.exactly_one_of) != 1:
        raise SignerRefused(f"exactly one of {', '.join(rule.exactly_one_of)} is needed")
