"""Market feed: one symbol's book and mark price, and whether the book is proven. No I/O; the clock is given.

Times that decide (`now_ns`) are of a monotonic clock; `received_ns` is our wall clock.
"""

from __future__ import annotations

from trading.board.state import Flaw, Mark, Snapshot, Source
from trading.core.units import MarketGrid
from trading.exchange.readings import DepthSnapshot, MarkPrice
from trading.feed.backoff import Backoff
from trading.feed.joiner import Joiner, JoinState, Step, Update
from trading.feed.rules import FeedRules
from trading.feed.stats import FeedStats


class MarketFeed:
    """Follow one symbol through streams, gaps, lost connections and polls."""

    def __init__(self, *, symbol: str, grid: MarketGrid, rules: FeedRules, backoff: Backoff) -> None:
        self.symbol = symbol
        self.grid = grid
        self.stats = FeedStats()
        self.mark: Mark | None = None
        self._rules = rules
        self._backoff = backoff
        self._joiner = Joiner()
        self._polled: Snapshot | None = None
        self._received_ns: int | None = None  # None: no book was ever laid
        self._connected = False
        self._subscribing = False
        self._lost = Flaw.DISCONNECTED
        self._ask_at_ns = 0
        self._anchored_at_ns = 0
        self._broken_since_ns: int | None = None

    @property
    def connected(self) -> bool:
        """Tell whether the stream is up."""
        return self._connected

    def connect(self, now_ns: int) -> None:
        """Take note of a new connection, subscribed to this symbol."""
        self._connected = True
        self._subscribing = True
        self._joiner.reset()
        self._ask_at_ns = now_ns + self._rules.first_delay_ms * 1_000_000

    def disconnect(self, now_ns: int) -> None:
        """Take note that the connection ended: its book is proven no longer, REST takes over."""
        self._connected = False
        self._lost = Flaw.DISCONNECTED
        self._joiner.reset()
        self._backoff.reset()
        self._ask_at_ns = now_ns

    def update(self, update: Update, *, received_ns: int, now_ns: int) -> bool:
        """Take an update of the stream and tell whether there is something new to publish."""
        before = self._joiner.state
        step = self._joiner.update(update)
        self.stats.updates += 1
        if step is Step.BUFFERED:
            if self._subscribing:  # the subscription is at work now, so a snapshot asked for now will join
                self._subscribing = False
                self._ask_at_ns = now_ns
            return False
        if step is Step.APPLIED:
            self._received_ns = received_ns
        elif step is Step.GAP:
            self._lose(Flaw.GAPPED, now_ns)
        self._count_join(before)
        return step is not Step.DROPPED or self._joiner.state is not before

    def lose_chain(self, now_ns: int) -> None:
        """Take note that an update could not be read: what it said is lost, so the chain is broken."""
        self._joiner.reset()
        self._lose(Flaw.GAPPED, now_ns)

    def depth(self, depth: DepthSnapshot, *, received_ns: int, now_ns: int) -> bool:
        """Take a book from REST and tell whether there is something new to publish. Raises: OffGrid."""
        bids, asks = depth.on_grid(self.grid)  # both best first
        if not self._connected:
            self.stats.polls += 1
            self._polled = Snapshot(
                symbol=self.symbol,
                sequence=depth.last_update_id,
                epoch=0,
                exchange_us=depth.engine_us,
                received_ns=received_ns,
                source=Source.POLLED,
                flaw=Flaw.UNCHAINED,
                bids=bids[: self._rules.depth],
                asks=asks[: self._rules.depth],
            )
            self._ask_at_ns = now_ns + self._rules.poll_ms * 1_000_000
            return True
        before = self._joiner.state
        if before is JoinState.JOINED:
            return False
        self._joiner.snapshot(
            sequence=depth.last_update_id,
            bids=bids,
            asks=asks,
            engine_us=depth.engine_us,
            limit=self._rules.snapshot_limit,
        )
        self._polled = None
        self._received_ns = received_ns
        self._broken_since_ns = None
        self._anchored_at_ns = now_ns
        self._lost = Flaw.GAPPED
        self._ask_at_ns = now_ns + int(self._backoff.next_ms() * 1e6)  # used if this snapshot was too old
        self._count_join(before)
        return True

    def no_depth(self, now_ns: int) -> None:
        """Take note that REST gave no book; ask again after a pause."""
        self.stats.rest_failures += 1
        self._ask_at_ns = now_ns + int(self._backoff.next_ms() * 1e6)

    def polled_mark(self, price: MarkPrice, *, received_ns: int) -> None:
        """Take a mark price from REST, which does not say when the exchange made it."""
        self.mark = Mark(
            price_ticks=price.mark_price / self.grid.tick_size,
            index_ticks=None if price.index_price is None else price.index_price / self.grid.tick_size,
            funding_rate=price.funding_rate,
            next_funding_ms=price.next_funding_ms,
            exchange_us=None,
            received_ns=received_ns,
        )

    def wants_depth(self, now_ns: int) -> bool:
        """Tell whether REST should be asked for the book now."""
        if self._connected:
            self._give_up_a_book_that_cannot_be_right(now_ns)
            if self._joiner.state is JoinState.JOINED:
                return False
            if self._joiner.state is JoinState.ANCHORED:
                return now_ns - self._anchored_at_ns > self._rules.anchored_ms * 1_000_000
        return now_ns >= self._ask_at_ns

    def snapshot(self, *, epoch: int) -> Snapshot | None:
        """Return the newest book with its flaw, or None as long as there never was one."""
        if self._polled is not None:
            return self._polled._replace(epoch=epoch)
        if self._received_ns is None:
            return None
        bids, asks = self._joiner.book.top(self._rules.depth)
        return Snapshot(
            symbol=self.symbol,
            sequence=self._joiner.sequence,
            epoch=epoch,
            exchange_us=self._joiner.engine_us,
            received_ns=self._received_ns,
            source=Source.STREAM,
            flaw=self.flaw,
            bids=bids,
            asks=asks,
        )

    @property
    def flaw(self) -> Flaw:
        """Return why the book is not proven, or Flaw.NONE."""
        if self._polled is not None:
            return Flaw.UNCHAINED
        if not self._connected or self._joiner.state is JoinState.WAITING:
            return self._lost
        return self._joiner.flaw(self._rules.depth)

    def _lose(self, flaw: Flaw, now_ns: int) -> None:
        self._lost = flaw
        self._broken_since_ns = None
        self._ask_at_ns = max(self._ask_at_ns, now_ns)
        self.stats.gaps = self._joiner.gaps

    def _count_join(self, before: JoinState) -> None:
        self.stats.stale_snapshots = self._joiner.stale_snapshots
        self.stats.duplicates = self._joiner.duplicates
        if self._joiner.state is JoinState.JOINED and before is not JoinState.JOINED:
            self.stats.joins += 1
            self._backoff.reset()

    def _give_up_a_book_that_cannot_be_right(self, now_ns: int) -> None:
        """Ask for a new snapshot when the book stays crossed or locked, or left the range that is known."""
        if self._joiner.state is not JoinState.JOINED:
            return
        flaw = self._joiner.flaw(self._rules.depth)
        if flaw is Flaw.NONE:
            self._broken_since_ns = None
            return
        if self._broken_since_ns is None:
            self._broken_since_ns = now_ns
        if flaw is Flaw.SHALLOW or now_ns - self._broken_since_ns > self._rules.broken_ms * 1_000_000:
            self._joiner.reset()
            self._lose(flaw, now_ns)
