"""Outcomes: sort every way in which a request can end by "can the order exist, and did anything change?".

| what came                              | an order       | a cancel            | a query             |
|----------------------------------------|----------------|---------------------|---------------------|
| connect failed, DNS, no signer         | Unavailable    | ExchangeUnavailable | ExchangeUnavailable |
| closed or timed out after sending      | OutcomeUnknown | OrderOutcomeUnknown | NoAnswer            |
| 200 with the order                     | Placed         | the order           | the value           |
| 200 that cannot be read                | OutcomeUnknown | OrderOutcomeUnknown | UnexpectedAnswer    |
| another 2xx, a redirect                | OutcomeUnknown | OrderOutcomeUnknown | UnexpectedAnswer    |
| 5xx; 408; code TIMEOUT or SERVER_ERROR | OutcomeUnknown | OrderOutcomeUnknown | NoAnswer            |
| 429                                    | Rejected       | RateLimited         | RateLimited         |
| any other 4xx                          | Rejected       | RequestRefused      | RequestRefused      |
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, NamedTuple

import orjson

from trading.exchange.backpack import answers
from trading.exchange.backpack.constants import ORDER_NOT_FOUND_MESSAGE, UNKNOWN_OUTCOME_CODES
from trading.exchange.backpack.sessions import Answer
from trading.exchange.backpack.wire import json_of
from trading.exchange.errors import (
    NoAnswer,
    OrderNotFound,
    OrderOutcomeUnknown,
    RateLimited,
    RequestRefused,
    UnexpectedAnswer,
)
from trading.exchange.orders import (
    TOO_MANY_REQUESTS,
    ExchangeOrder,
    OrderRequest,
    Outcome,
    OutcomeUnknown,
    Placed,
    Rejected,
)

MAX_MESSAGE_CHARS = 200  # of a body that is not JSON; a firewall's page is long


class Refusal(NamedTuple):
    """Code and message of an answer that is not a success."""

    code: str
    message: str


def order_outcome(answer: Answer, request: OrderRequest) -> Outcome:
    """Return what an answer to POST order says about that order."""
    if answer.status == HTTPStatus.OK:
        return _order_in(answer, request)
    refusal = refusal_of(answer)
    if is_proof_of_refusal(answer, refusal):
        return Rejected(refusal.code, refusal.message, answer.sent_ns)
    return OutcomeUnknown(f"HTTP {answer.status} {refusal.code}", answer.sent_ns)


def is_proof_of_refusal(answer: Answer, refusal: Refusal) -> bool:
    """Return whether an answer proves that the request was not executed.

    4xx: the exchange, or a gateway before it, has looked at the request and turned it away (429: without
    executing it; its body may be the gateway's and no JSON). Not proof are
    - 5xx: the engine sits behind who writes them, and may have executed before they gave up on it; also 503
      "maintenance", which other clients have seen answered for orders that then existed;
    - 408 and the codes TIMEOUT and SERVER_ERROR: somebody stopped waiting, the engine may not have;
    - redirects and successes without an order: not documented, so they prove nothing.
    """
    return (
        HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
        and answer.status != HTTPStatus.REQUEST_TIMEOUT
        and refusal.code not in UNKNOWN_OUTCOME_CODES
    )


def refusal_of(answer: Answer) -> Refusal:
    """Return code and message; for plain text and a gateway's HTML `HTTP_<status>` and its beginning."""
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Refusal(TOO_MANY_REQUESTS, "too many requests")
    try:
        document = orjson.loads(answer.body)
        return Refusal(str(document["code"]), str(document["message"]))
    except (orjson.JSONDecodeError, TypeError, KeyError):
        beginning = answer.body[: 4 * MAX_MESSAGE_CHARS].decode("utf-8", "replace")[:MAX_MESSAGE_CHARS]
        return Refusal(f"HTTP_{answer.status}", beginning)


def document_of(answer: Answer, what: str) -> Any:
    """Return the JSON of an answer to a query.

    Raises: NoAnswer, RateLimited, RequestRefused, UnexpectedAnswer.
    """
    raise_refusal(answer, what)
    return json_of(answer.body, what)


def raise_refusal(answer: Answer, what: str) -> None:
    """Let a 200 to a query pass. Raises: NoAnswer, RateLimited, RequestRefused, UnexpectedAnswer."""
    if answer.status == HTTPStatus.OK:
        return
    refusal = refusal_of(answer)
    if is_proof_of_refusal(answer, refusal):
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise RateLimited(*refusal, status=answer.status)
        raise RequestRefused(*refusal, status=answer.status)
    if answer.status < HTTPStatus.BAD_REQUEST:
        raise UnexpectedAnswer(f"{what}: HTTP {answer.status}")
    raise NoAnswer(f"{what}: HTTP {answer.status} {refusal.code}", sent_ns=answer.sent_ns)


def cancelled(answer: Answer, what: str) -> Any:
    """Return the JSON of an answer to a cancel.

    202 is documented as "accepted, not yet executed": whether it was in time is not known yet.

    Raises: OrderNotFound, RateLimited, RequestRefused, OrderOutcomeUnknown.
    """
    if answer.status == HTTPStatus.OK:
        try:
            return json_of(answer.body, what)
        except UnexpectedAnswer as error:
            raise OrderOutcomeUnknown(str(error), sent_ns=answer.sent_ns) from error
    refusal = refusal_of(answer)
    if is_proof_of_refusal(answer, refusal):
        raise _cancel_refused(answer, refusal)
    raise OrderOutcomeUnknown(f"{what}: HTTP {answer.status} {refusal.code}", sent_ns=answer.sent_ns)


def cancelled_orders(rows: list[Any], answer: Answer) -> list[ExchangeOrder]:
    """Return the orders of an executed cancel. Raises: OrderOutcomeUnknown where they cannot be read."""
    try:
        return [answers.order(row) for row in answers.rows(rows, "cancel")]
    except UnexpectedAnswer as error:
        raise OrderOutcomeUnknown(str(error), sent_ns=answer.sent_ns) from error


def _order_in(answer: Answer, request: OrderRequest) -> Outcome:
    """Return the order of a 200. An order that cannot be read exists all the same, perhaps: look it up."""
    try:
        order = answers.order(json_of(answer.body, "placed order"))
    except UnexpectedAnswer as error:
        return OutcomeUnknown(str(error), answer.sent_ns)
    if order.client_id != request.client_id or order.symbol != request.symbol:
        # another order's answer, so this connection's answers are no longer those to its questions
        return OutcomeUnknown("the answer is about another order", answer.sent_ns)
    return Placed(order, answer.sent_ns, answer.answered_ns)


def _cancel_refused(answer: Answer, refusal: Refusal) -> RequestRefused:
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(*refusal, status=answer.status)
    if answer.status == HTTPStatus.NOT_FOUND or refusal.message == ORDER_NOT_FOUND_MESSAGE:
        return OrderNotFound(*refusal, status=answer.status)
    return RequestRefused(*refusal, status=answer.status)
