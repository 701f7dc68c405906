"""The exchange's front: market events, time and orders come in here, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from recordings.events import BookUpdate, MarketEvent
from sandbox.engine import endings, marks, placement, recorded
from sandbox.engine.accounts import Account
from sandbox.engine.events import Listener, Silence
from sandbox.engine.market import MarketSpec
from sandbox.engine.money import MONEY_ONE
from sandbox.engine.orders import Order, OrderRequest, Reference
from sandbox.engine.venue import Market, Venue
from sandbox.errors import Refused
from sandbox.settings import Settings

START_BALANCE_USDC = 10_000
START_LEVERAGE = Decimal(10)
_LAST = (Reference.LAST,)


class Exchange:
    """A deterministic exchange: the same calls give the same answers, fills and ids.

    Every call that acts first brings time forward with `advance`, or carries it.
    """

    def __init__(
        self,
        specs: Iterable[MarketSpec],
        accounts: Sequence[str],
        *,
        start_us: int,
        settings: Settings | None = None,
        listener: Listener | None = None,
    ) -> None:
        self.venue = Venue(
            markets={spec.symbol: Market(spec, next_mark_us=start_us) for spec in specs},
            accounts={
                name: Account(
                    name=name,
                    user_id=1_813_870 + number,
                    balances={"USDC": START_BALANCE_USDC * MONEY_ONE},
                    leverage_limit=START_LEVERAGE,
                )
                for number, name in enumerate(accounts)
            },
            listener=listener or Silence(),
            settings=settings or Settings(),
            now_us=start_us,
        )
        self._next_mark_us = start_us

    def apply(self, symbol: str, event: MarketEvent, *, at_us: int) -> None:
        """Apply an event of the market data at a moment of market time."""
        venue = self.venue
        if at_us > venue.now_us:
            self.advance(at_us)
        venue.market_events += 1
        market = venue.markets[symbol]
        if isinstance(event, BookUpdate):
            trades = market.trade_id
            recorded.apply_book(venue, market, event)
            if market.mark_ticks is None:
                marks.update(venue, market)
            if market.trade_id != trades:
                placement.fire_due(venue, market, _LAST)
        else:
            recorded.apply_trade(venue, market, event)
            placement.fire_due(venue, market, _LAST)
        venue.publish_depth(market)

    def advance(self, to_us: int) -> None:
        """Bring market time forward; marks are updated, and triggers checked, at every whole second on the way."""
        venue = self.venue
        while self._next_mark_us <= to_us:
            self._next_mark_us = marks.next_update_us(self._next_mark_us, to_us=to_us)
            venue.now_us = max(venue.now_us, self._next_mark_us)
            self._update_marks()
            self._next_mark_us += marks.INTERVAL_US
        venue.now_us = max(venue.now_us, to_us)

    def market(self, symbol: str) -> Market:
        """Return a market. Raises: Refused."""
        market = self.venue.markets.get(symbol)
        if market is None:
            raise Refused("INVALID_SYMBOL", "Invalid market symbol")
        return market

    def place(self, account: Account, market: Market, request: OrderRequest) -> Order:
        """Take an order. Raises: Refused, and then no order exists."""
        trades = market.trade_id
        order = placement.place(self.venue, account, market, request)
        self._finish(market, trades)
        return order

    def cancel(
        self, account: Account, market: Market, *, order_id: int | None = None, client_id: int | None = None
    ) -> Order:
        """Cancel a live order by either id. Raises: Refused when there is none."""
        order = self.find_live(account, market, order_id=order_id, client_id=client_id)
        if order is None:
            raise Refused.client("Order not found")
        endings.cancel(self.venue, order)
        self.venue.publish_depth(market)
        return order

    def cancel_all(
        self, account: Account, market: Market, *, resting: bool = True, waiting: bool = True
    ) -> list[Order]:
        """Cancel an account's resting orders, its waiting triggers, or both, in a market."""
        chosen = [order for order in account.live_in(market) if (waiting if order.is_trigger else resting)]
        for order in chosen:
            endings.cancel(self.venue, order)
        self.venue.publish_depth(market)
        return chosen

    def find_live(
        self, account: Account, market: Market, *, order_id: int | None, client_id: int | None
    ) -> Order | None:
        """Return a live order by either id, the oldest where a client id is not unique."""
        for order in account.live_in(market):
            if order.id == order_id or (client_id is not None and order.request.client_id == client_id):
                return order
        return None

    def _update_marks(self) -> None:
        for market in self.venue.markets.values():
            if marks.update(self.venue, market):
                trades = market.trade_id
                placement.fire_due(self.venue, market, (Reference.MARK, Reference.INDEX))
                self._finish(market, trades)

    def _finish(self, market: Market, trades: int) -> None:
        """Fire what the trades since `trades` made due, and publish the book."""
        if market.trade_id != trades:
            placement.fire_due(self.venue, market, _LAST)
        self.venue.publish_depth(market)
