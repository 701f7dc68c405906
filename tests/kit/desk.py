"""A trading desk for tests: Alice's and Bob's accounts at a hand-moved exchange, and the parts that trade for them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from redis import Redis

from accounts.models import Customer, ExchangeAccount
from accounts.sealing import add_exchange_account
from signer.client import SignerClient
from tests.kit.exchange import MID, SYMBOL, HandMovedExchange, pairs
from tests.kit.private_stream import Line
from trading.board.keys import Keys
from trading.board.snapshots import Flaw, Mark, Snapshot, Source, publish
from trading.core.units import Side
from trading.exchange.backpack.rest import BackpackRest
from trading.exchange.ports import Credentials, OrderRequest, Outcome
from trading.execution.accounts_worker import AccountsWorker
from trading.execution.cancels import finish_cancels
from trading.execution.clients import credentials_of
from trading.execution.evaluate import Evaluator
from trading.execution.liveness import show_accounts_alive
from trading.execution.markets import sync_markets
from trading.execution.protection import Protector
from trading.execution.reconciliation import Reconciler
from trading.models import Bot, Market, Position

BUDGET_MS = 2_000


@dataclass(slots=True)
class Desk:
    """Everything that a test of execution needs; nothing in it is faked."""

    exchange: HandMovedExchange
    signer: SignerClient
    redis: Redis
    keys: Keys
    rest: BackpackRest
    window_ms: int = 5_000
    alice: ExchangeAccount = field(init=False)
    bob: ExchangeAccount = field(init=False)
    market: Market = field(init=False)
    bot: Bot = field(init=False)
    evaluator: Evaluator = field(init=False)
    protector: Protector = field(init=False)
    reconciler: Reconciler = field(init=False)
    line: Line = field(init=False)
    to_protect: list[int] = field(default_factory=list)
    sequence: int = 0

    def __post_init__(self) -> None:
        alice_pair, bob_pair = pairs(2)
        self.alice = self._account("Alice", alice_pair.api_secret)
        self.bob = self._account("Bob", bob_pair.api_secret)
        sync_markets(self.rest, symbols=[SYMBOL])
        self.market = Market.objects.get(symbol=SYMBOL)
        self.bot = self.bot_of(self.alice)
        self.evaluator = Evaluator(redis=self.redis, keys=self.keys, exchange=self.rest, speed=1.0)
        self.protector = Protector(redis=self.redis, keys=self.keys, exchange=self.rest, budget_ms=BUDGET_MS, speed=1.0)
        self.reconciler = Reconciler(exchange=self.rest, window_ms=self.window_ms, speed=1.0)
        self.line = Line(self.exchange.ws, lambda account: self.rest.subscribe_signature(credentials_of(account)))

    def close(self) -> None:
        """End every thread that works for the desk, and wait for it."""
        self.line.close()
        finish_cancels()

    def bot_of(self, account: ExchangeAccount) -> Bot:
        """Store a live bot that enters with ten lots."""
        return Bot.objects.create(
            customer=account.customer,
            account=account,
            market=self.market,
            status=Bot.Status.LIVE,
            order_quantity=Decimal("0.010"),
            cool_down_ms=0,
        )

    def post_book(self, *, bids: int, asks: int, mid: int = MID, **changes: object) -> None:
        """Put a proven, fresh book on the board, as the feed does."""
        self.sequence += 1
        now_ns = time.time_ns()
        snapshot = Snapshot(
            symbol=SYMBOL,
            sequence=self.sequence,
            epoch=1,
            exchange_us=now_ns // 1_000,
            received_ns=now_ns,
            source=Source.STREAM,
            flaw=Flaw.NONE,
            bids=tuple((mid - 1 - n, bids) for n in range(3)),
            asks=tuple((mid + 1 + n, asks) for n in range(3)),
        )._replace(**changes)  # type: ignore[arg-type]
        publish(self.redis, symbol=SYMBOL, snapshot=snapshot, alive_ns=now_ns, keys=self.keys)
        self.post_mark(mid)
        show_accounts_alive(self.redis, self.keys, 0)

    def post_mark(self, ticks: int) -> None:
        """Put a mark price on the board."""
        now_ns = time.time_ns()
        mark = Mark(Decimal(ticks), Decimal(ticks), None, None, now_ns // 1_000, now_ns)
        publish(self.redis, symbol=SYMBOL, mark=mark, keys=self.keys)

    def evaluate(self) -> int:
        """Evaluate the market once; return how many orders were sent."""
        return self.evaluator.evaluate(symbol=SYMBOL, shard=0)

    def reconcile(self, *, later_s: float = 0.0) -> None:
        """Look Alice's account up, as if so much time had passed."""
        now = self.now() + timedelta(seconds=later_s)
        self.reconciler.reconcile(self.alice, now=now, received_ns=int(now.timestamp() * 1e9))

    def bob_takes(self, side: Side, quantity: str) -> Outcome:
        """Have Bob send a market order by hand."""
        self.bob.next_client_id += 1
        return self.rest.place_order(
            credentials_of(self.bob),
            OrderRequest(
                symbol=SYMBOL,
                side=side,
                order_type="Market",
                quantity=Decimal(quantity),
                client_id=self.bob.next_client_id,
            ),
        )

    def accounts_worker(self) -> AccountsWorker:
        """Return the accounts worker; tests move it step by step."""
        return AccountsWorker(
            shard=0,
            redis=self.redis,
            keys=self.keys,
            exchange=self.rest,
            reconciler=self.reconciler,
            protector=self.protector,
            protect_later=self.to_protect.append,
            make_reader=self.line.reader,
            speed=1.0,
        )

    @property
    def credentials(self) -> Credentials:
        """Return Alice's."""
        return credentials_of(self.alice)

    def alice_row(self) -> ExchangeAccount:
        """Return Alice's account as it is stored now."""
        return ExchangeAccount.objects.get(id=self.alice.pk)

    def now(self) -> datetime:
        """Return the wall clock."""
        return datetime.now(tz=UTC)

    def position(self) -> Position:
        """Return Alice's newest position."""
        return Position.objects.filter(account=self.alice).latest("id")

    def _account(self, name: str, secret: str) -> ExchangeAccount:
        customer = Customer.objects.create(name=name)
        return add_exchange_account(customer, label=name, api_secret=secret, shard=0, signer=self.signer)
