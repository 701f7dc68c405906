"""Channel: questions to Backpack for an account, signed by the signer, sent over the account's connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson

from signer.client import Refused, Signature, SignerClient, SignRequest
from signer.errors import SignerRefused, SignerUnavailable
from trading.exchange.backpack import answers, constants, outcomes
from trading.exchange.backpack.sessions import Answer, Sessions
from trading.exchange.backpack.wire import Row
from trading.exchange.errors import ExchangeUnavailable, NoAnswer, OrderOutcomeUnknown, SigningRefused
from trading.exchange.orders import Credentials

Params = Mapping[str, str | int | bool]

PUBLIC_HEADERS = {"Accept": "application/json", "User-Agent": "obiwork"}
_PRIVATE_HEADERS = {**PUBLIC_HEADERS, "Content-Type": "application/json"}


class Query(NamedTuple):
    """A question about an account: where it is asked, and the instruction that is signed for it."""

    path: str
    instruction: str


OPEN_ORDERS = Query(constants.ORDERS, constants.ORDER_QUERY_ALL)
ONE_ORDER = Query(constants.ORDER, constants.ORDER_QUERY)
ORDER_HISTORY = Query(constants.ORDER_HISTORY, constants.ORDER_HISTORY_QUERY)
FILL_HISTORY = Query(constants.FILL_HISTORY, constants.FILL_HISTORY_QUERY)
POSITIONS = Query(constants.POSITION, constants.POSITION_QUERY)
CAPITAL = Query(constants.CAPITAL, constants.BALANCE_QUERY)
COLLATERAL = Query(constants.COLLATERAL, constants.COLLATERAL_QUERY)
ACCOUNT = Query(constants.ACCOUNT, constants.ACCOUNT_QUERY)
CANCEL_ORDER = Query(constants.ORDER, constants.ORDER_CANCEL)
CANCEL_ALL = Query(constants.ORDERS, constants.ORDER_CANCEL_ALL)


class Channel:
    """Sign and send. Raises (every method that sends): ExchangeUnavailable, SigningRefused, NoAnswer."""

    def __init__(
        self,
        *,
        base_url: str,
        signer: SignerClient,
        sessions: Sessions,
        window_ms: int,
        clock_ms: Callable[[], int],
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._signer = signer
        self._sessions = sessions
        self._window_ms = window_ms
        self._clock_ms = clock_ms

    def url(self, path: str, params: Params | None = None) -> str:
        """Return the address of a question."""
        if not params:
            return self._base_url + path
        words = {name: _query_text(value) for name, value in params.items()}
        return f"{self._base_url}{path}?{urlencode(words)}"

    def sign(self, credentials: Credentials, instruction: str, params: Params) -> Signature:
        """Return one signature. Raises: ExchangeUnavailable (nobody signs), SigningRefused."""
        (signature,) = self.sign_all(instruction, [(credentials, params)])
        if isinstance(signature, Refused):
            raise SigningRefused(signature.reason)
        return signature

    def sign_all(
        self,
        instruction: str,
        batch: Sequence[tuple[Credentials, Params]],
        *,
        at_ms: Sequence[int | None] | None = None,
    ) -> list[Signature | Refused]:
        """Return signatures and refusals, in order, from one question to the signer.

        Units: `at_ms` the wall time that each is signed for; None means now.

        Raises: ExchangeUnavailable (nobody signs), SigningRefused (the batch as a whole).
        """
        now_ms = self._clock_ms()
        requests = [
            SignRequest(who.sealed, who.context, instruction, params, now_ms if at is None else at, self._window_ms)
            for (who, params), at in zip(batch, at_ms or [None] * len(batch), strict=True)
        ]
        try:
            return self._signer.sign(requests)
        except SignerUnavailable as error:
            raise ExchangeUnavailable(f"signer: {error}") from error
        except SignerRefused as refusal:
            raise SigningRefused(refusal.reason) from refusal

    def public(self, path: str, params: Params | None = None) -> Answer:
        """Ask something that needs no account."""
        return self._sessions.exchange(None, "GET", self.url(path, params), PUBLIC_HEADERS)

    def ask(self, credentials: Credentials, query: Query, params: Params, what: str) -> Any:
        """Return the JSON of an answer. Raises also: RequestRefused, RateLimited, UnexpectedAnswer."""
        return outcomes.document_of(self._get(credentials, query, params), what)

    def pages(
        self, credentials: Credentials, query: Query, params: Params, *, limit: int | None, offset: int = 0
    ) -> list[Row]:
        """Return the rows of all pages, or the first `limit` of them. Raises: as `ask`."""
        rows: list[Row] = []
        while limit is None or len(rows) < limit:
            page_limit = constants.MAX_PAGE if limit is None else min(constants.MAX_PAGE, limit - len(rows))
            page_params = {**params, "limit": page_limit, "offset": offset + len(rows)}
            answer = self._get(credentials, query, page_params)
            page = answers.rows(outcomes.document_of(answer, query.path), query.path)
            rows += page
            if not page or _is_last(answer, offset + len(rows), len(page), page_limit):
                break
        return rows

    def cancel(self, credentials: Credentials, query: Query, params: Params) -> Answer:
        """Send a cancel, once. Raises: OrderOutcomeUnknown instead of NoAnswer."""
        headers = signed_headers(self.sign(credentials, query.instruction, params))
        try:
            return self._sessions.exchange(
                credentials.account_id, "DELETE", self.url(query.path), headers, orjson.dumps(params)
            )
        except NoAnswer as error:
            raise OrderOutcomeUnknown(error.reason, sent_ns=error.sent_ns) from error

    def _get(self, credentials: Credentials, query: Query, params: Params) -> Answer:
        headers = signed_headers(self.sign(credentials, query.instruction, params))
        return self._sessions.exchange(credentials.account_id, "GET", self.url(query.path, params), headers)


def signed_headers(signature: Signature) -> dict[str, str]:
    """Return the headers of a signed request."""
    return {
        **_PRIVATE_HEADERS,
        "X-API-Key": signature.api_key,
        "X-Signature": signature.signature,
        "X-Timestamp": str(signature.timestamp_ms),
        "X-Window": str(signature.window_ms),
    }


def _query_text(value: str | int | bool) -> str:
    # as the signer writes it: the exchange signs the decoded query, and knows lower-case booleans only
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_last(answer: Answer, rows_so_far: int, page_rows: int, page_limit: int) -> bool:
    total = answer.headers.get(constants.TOTAL_HEADER)
    if total is not None and total.isdigit():
        return rows_so_far >= int(total)
    return page_rows < page_limit
