"""REST: Backpack's markets, orders and accounts over signed requests that are sent once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

import orjson

from signer.client import Refused, Signature, SignerClient
from trading.exchange.backpack import answers, channel, constants, outcomes
from trading.exchange.backpack.channel import Channel, Params
from trading.exchange.backpack.senders import Senders
from trading.exchange.backpack.sessions import Sessions
from trading.exchange.errors import (
    ExchangeError,
    ExchangeUnavailable,
    ImpossibleOrder,
    NoAnswer,
    RequestRefused,
    SigningRefused,
    UnexpectedAnswer,
)
from trading.exchange.orders import (
    SIGNER_REFUSED,
    Credentials,
    ExchangeOrder,
    OrderRequest,
    Outcome,
    OutcomeUnknown,
    Rejected,
    RestingKind,
    Unavailable,
)
from trading.exchange.readings import (
    AccountInfo,
    AssetBalance,
    Collateral,
    DepthSnapshot,
    FillInfo,
    MarketInfo,
    MarkPrice,
    PositionInfo,
)

logger = logging.getLogger(__name__)


class _Send(NamedTuple):
    """One order that is ready to leave."""

    account_id: int
    request: OrderRequest
    headers: dict[str, str]
    body: bytes


def wall_clock_ms() -> int:
    """Return the wall clock, which Backpack compares signatures with."""
    return time.time_ns() // 1_000_000


class BackpackRest:
    """Backpack's REST API for any number of accounts. Safe to share between threads.

    Raises (every method but `place_order(s)` and `warm_up`): ExchangeUnavailable, SigningRefused,
    RequestRefused, RateLimited, NoAnswer, UnexpectedAnswer.
    """

    def __init__(
        self,
        *,
        base_url: str,
        signer: SignerClient,
        window_ms: int = constants.DEFAULT_WINDOW_MS,
        timeout_s: float = 5.0,
        clock_ms: Callable[[], int] = wall_clock_ms,
        ca_file: str | None = None,
    ) -> None:
        self._sessions = Sessions(timeout_s=timeout_s, ca_file=ca_file)
        self._senders = Senders()
        self._channel = Channel(
            base_url=base_url, signer=signer, sessions=self._sessions, window_ms=window_ms, clock_ms=clock_ms
        )
        self._order_url = self._channel.url(constants.ORDER)
        self._time_url = self._channel.url(constants.TIME)

    # -- markets

    def time_ms(self) -> int:
        """Return the exchange's clock (a bare number as text, not JSON)."""
        answer = self._channel.public(constants.TIME)
        outcomes.raise_refusal(answer, "time")
        if not answer.body.isdigit():
            raise UnexpectedAnswer("time: not a number")
        return int(answer.body)

    def markets(self, symbols: Collection[str] | None = None) -> list[MarketInfo]:
        """Return the markets, or those of the given symbols that exist."""
        answer = self._channel.public(constants.MARKETS)
        rows = answers.rows(outcomes.document_of(answer, "markets"), "markets")
        return [answers.market(row) for row in rows if symbols is None or row.get("symbol") in symbols]

    def depth(self, symbol: str, *, limit: int = 100) -> DepthSnapshot:
        """Return the best levels of a book. Raises also: ValueError for a limit that is not offered."""
        if limit not in constants.DEPTH_LIMITS:
            raise ValueError(f"the limit of a depth is one of {constants.DEPTH_LIMITS}")
        answer = self._channel.public(constants.DEPTH, {"symbol": symbol, "limit": limit})
        return answers.depth(symbol, outcomes.document_of(answer, "depth"))

    def mark_prices(self, symbol: str | None = None) -> list[MarkPrice]:
        """Return the mark prices of one market, or of every perpetual."""
        answer = self._channel.public(constants.MARK_PRICES, _present(symbol=symbol))
        rows = answers.rows(outcomes.document_of(answer, "mark prices"), "mark prices")
        return [answers.mark_price(row) for row in rows]

    # -- orders

    def place_order(self, credentials: Credentials, request: OrderRequest) -> Outcome:
        """Send one order, once, and return what became of it."""
        return self.place_orders([(credentials, request)])[0]

    def place_orders(self, batch: Sequence[tuple[Credentials, OrderRequest]]) -> list[Outcome]:
        """Sign all orders in one batch, send them at once, each once; return an outcome for each, in order.

        Nothing is raised for an order's fate: an order that has left must not be lost with an exception.
        """
        signed = self._sign_orders(batch)
        sends = [(place, item) for place, item in enumerate(signed) if isinstance(item, _Send)]
        fates = self._senders.run(self._send_order, sends)
        return [fates[place] if isinstance(item, _Send) else item for place, item in enumerate(signed)]

    def cancel_order(
        self,
        credentials: Credentials,
        *,
        symbol: str,
        exchange_id: str | None = None,
        client_id: int | None = None,
    ) -> ExchangeOrder:
        """Cancel an order and return it as it ended.

        Raises also: OrderNotFound (nothing rests under this id), OrderOutcomeUnknown (ask for the order).
        """
        params = _order_reference(symbol, exchange_id, client_id)
        answer = self._channel.cancel(credentials, channel.CANCEL_ORDER, params)
        return outcomes.cancelled_orders([outcomes.cancelled(answer, "cancel")], answer)[0]

    def cancel_all(
        self, credentials: Credentials, *, symbol: str, kind: RestingKind | None = None
    ) -> list[ExchangeOrder]:
        """Cancel a market's orders and return them.

        Whether conditional orders go too where no kind is named is not established: name the kind.

        Raises also: OrderOutcomeUnknown.
        """
        params = _present(symbol=symbol, orderType=kind)
        answer = self._channel.cancel(credentials, channel.CANCEL_ALL, params)
        return outcomes.cancelled_orders(outcomes.cancelled(answer, "cancel all"), answer)

    def open_orders(self, credentials: Credentials, symbol: str | None = None) -> list[ExchangeOrder]:
        """Return the orders that rest or wait for a trigger."""
        params = _present(symbol=symbol)
        document = self._channel.ask(credentials, channel.OPEN_ORDERS, params, "open orders")
        return [answers.order(row) for row in answers.rows(document, "open orders")]

    def get_order(
        self,
        credentials: Credentials,
        *,
        symbol: str,
        exchange_id: str | None = None,
        client_id: int | None = None,
    ) -> ExchangeOrder | None:
        """Return an order that rests or waits; None says that it does not, never that it did not happen."""
        params = _order_reference(symbol, exchange_id, client_id)
        try:
            document = self._channel.ask(credentials, channel.ONE_ORDER, params, "order")
        except RequestRefused as refusal:
            if refusal.is_not_found:
                return None
            raise
        return answers.order(document)

    def order_history(
        self,
        credentials: Credentials,
        *,
        symbol: str | None = None,
        exchange_id: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[ExchangeOrder]:
        """Return up to `limit` orders of any status, newest first; it may lag behind `open_orders`."""
        params = _present(symbol=symbol, orderId=exchange_id)
        rows = self._channel.pages(credentials, channel.ORDER_HISTORY, params, limit=limit, offset=offset)
        # an order placed between two pages moves the rest by one, so that one comes twice
        return list({order.exchange_id: order for order in map(answers.order, rows)}.values())

    def fills(
        self,
        credentials: Credentials,
        *,
        symbol: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        fill_type: str | None = None,
    ) -> list[FillInfo]:
        """Return all fills of a time span, oldest first, liquidations included unless `fill_type` is "User".

        Units: from_ms inclusive, to_ms exclusive, exchange time.
        """
        filters = {"symbol": symbol, "from": from_ms, "to": to_ms, "fillType": fill_type}
        # oldest first: what is filled while we turn pages is appended, and moves nothing
        params = _present(**filters, sortDirection="Asc")
        rows = self._channel.pages(credentials, channel.FILL_HISTORY, params, limit=None)
        return [answers.fill(row) for row in rows]

    # -- account

    def positions(self, credentials: Credentials) -> list[PositionInfo]:
        """Return the open positions; none when flat."""
        try:
            document = self._channel.ask(credentials, channel.POSITIONS, {}, "positions")
        except RequestRefused as refusal:
            if refusal.is_not_found:  # documented: 404 "Position not found"; recorded: an empty array
                return []
            raise
        return [answers.position(row) for row in answers.rows(document, "positions")]

    def capital(self, credentials: Credentials) -> dict[str, AssetBalance]:
        """Return the balances by asset, lent amounts not counted."""
        return answers.capital(self._channel.ask(credentials, channel.CAPITAL, {}, "capital"))

    def collateral(self, credentials: Credentials) -> Collateral:
        """Return the margin summary."""
        return answers.collateral(self._channel.ask(credentials, channel.COLLATERAL, {}, "collateral"))

    def account(self, credentials: Credentials) -> AccountInfo:
        """Return the account's settings and limits (leverage, fees)."""
        return answers.account(self._channel.ask(credentials, channel.ACCOUNT, {}, "account"))

    def subscribe_signature(self, credentials: Credentials) -> Signature:
        """Return the signature for private streams. Raises: ExchangeUnavailable, SigningRefused."""
        return self._channel.sign(credentials, constants.SUBSCRIBE, {})

    # -- connections

    def warm_up(self, accounts: Iterable[Credentials]) -> int:
        """Open the accounts' connections before the first order needs them; return how many are open."""
        places = [(place, credentials.account_id) for place, credentials in enumerate(accounts)]
        return sum(self._senders.run(self._touch, places).values())

    def forget(self, credentials: Credentials) -> None:
        """Close the connections of an account that is not traded any more."""
        self._sessions.forget(credentials.account_id)

    def close(self) -> None:
        """Close every connection and end the senders."""
        self._senders.close()
        self._sessions.close()

    def _sign_orders(self, batch: Sequence[tuple[Credentials, OrderRequest]]) -> list[_Send | Outcome]:
        params = [request.to_params() for _, request in batch]
        to_sign = [(credentials, fields) for (credentials, _), fields in zip(batch, params, strict=True)]
        try:
            at_ms = [request.signed_at_ms for _, request in batch]
            signatures = self._channel.sign_all(constants.ORDER_EXECUTE, to_sign, at_ms=at_ms)
        except ExchangeUnavailable as error:
            return [Unavailable(str(error)) for _ in batch]
        except SigningRefused as refusal:
            return [Rejected(SIGNER_REFUSED, str(refusal), None) for _ in batch]
        return [
            Rejected(SIGNER_REFUSED, signature.reason, None)
            if isinstance(signature, Refused)
            else _Send(who.account_id, request, channel.signed_headers(signature), orjson.dumps(fields))
            for (who, request), fields, signature in zip(batch, params, signatures, strict=True)
        ]

    def _send_order(self, send: _Send) -> Outcome:
        try:
            answer = self._sessions.exchange(send.account_id, "POST", self._order_url, send.headers, send.body)
            return outcomes.order_outcome(answer, send.request)
        except ExchangeUnavailable as error:
            return Unavailable(str(error))
        except NoAnswer as error:
            return OutcomeUnknown(error.reason, error.sent_ns)
        except Exception as error:  # the outermost point of a send: a bug must not hide this order's fate
            logger.exception("order_send_failed client_id=%d", send.request.client_id)
            return OutcomeUnknown(f"{type(error).__name__} while sending", time.time_ns())

    def _touch(self, account_id: int) -> bool:
        try:
            self._sessions.exchange(account_id, "GET", self._time_url, channel.PUBLIC_HEADERS)
        except ExchangeError as error:
            logger.warning("warm_up_failed account=%d reason=%s", account_id, error)
            return False
        return True


def _present(**fields: str | int | None) -> Params:
    return {name: value for name, value in fields.items() if value is not None}


def _order_reference(symbol: str, exchange_id: str | None, client_id: int | None) -> Params:
    # both at once make the exchange refuse, with a text that blames the signature
    if (exchange_id is None) == (client_id is None):
        raise ImpossibleOrder("an order is named by its exchange id or by its client id")
    return _present(symbol=symbol, orderId=exchange_id, clientId=client_id)
