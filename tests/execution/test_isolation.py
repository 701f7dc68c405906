"""Isolation: one customer's trouble keeps no other customer from being protected, or from leaving."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import ExchangeAccount
from tests.kit.desk import BUDGET_MS, Desk
from tests.kit.exchange import SYMBOL
from tests.kit.outages import Altered
from tests.kit.overtaken import Overtaken
from tests.kit.scenes import enter_protected, leave, rest_entry
from tests.kit.steps import AtOnce, step_until
from trading.core.strategies.actions import Verdict
from trading.core.units import Side
from trading.exchange.backpack.streams import Frame
from trading.exchange.ports import Credentials, ExchangeOrder
from trading.execution import drafts
from trading.execution.accounts_worker import AccountsWorker
from trading.execution.intents import store
from trading.execution.reconciliation import Reconciler
from trading.execution.shard_rows import BotRows
from trading.execution.stream_readers import Received
from trading.models import Bot, Order, OrderIntent, Position

D = Decimal


@pytest.fixture
def bob_is_answered() -> Iterator[threading.Event]:
    """Set when the exchange shall answer what is asked about Bob."""
    event = threading.Event()
    yield event
    event.set()


def test_a_reconciliation_of_one_account_does_not_hold_up_the_protection_of_another(
    desk: Desk, worker: AccountsWorker, bob_is_answered: threading.Event
) -> None:
    desk.exchange.settings(attached_stops="none")
    rest_entry(desk)
    asked, answered = threading.Event(), threading.Event()

    def slow(credentials: Credentials) -> list[ExchangeOrder]:
        if credentials.account_id == desk.bob.pk:
            asked.set()
            bob_is_answered.wait(5)
            answered.set()
        return desk.rest.open_orders(credentials)

    worker.reconciler = Reconciler(exchange=Altered(desk.rest, open_orders=slow), window_ms=2_000, speed=1.0)
    worker.questions.add(desk.bob.pk)
    worker.next_at["questions"] = 0.0
    step_until(worker, asked.is_set)
    desk.bob_takes(Side.ASK, "0.030")

    step_until(worker, lambda: bool(desk.to_protect), patience_s=BUDGET_MS / 1_000)
    assert not answered.is_set()


def test_a_message_that_cannot_be_stored_does_not_end_the_accounts_worker(desk: Desk, worker: AccountsWorker) -> None:
    """A liquidation's fill without a trade id: `t` is null in recorded frames."""
    frame = {
        "E": time.time_ns() // 1_000,
        "O": "LIQUIDATION_AUTOCLOSE",
        "Q": "1",
        "S": "Ask",
        "T": time.time_ns() // 1_000,
        "V": "RejectTaker",
        "X": "Filled",
        "Z": "100",
        "e": "orderFill",
        "f": "GTC",
        "i": "77",
        "o": "MARKET",
        "q": "0.001",
        "r": False,
        "s": SYMBOL,
        "t": None,
        "z": "0.001",
        "l": "0.001",
        "L": "100000",
        "m": False,
    }
    worker.messages.put(Received(desk.bob.pk, Frame("account.orderUpdate", frame, time.time_ns())))

    worker.step()  # must not raise: Alice's positions hang on it

    enter_protected(desk, worker)


def test_an_account_that_the_signer_refuses_does_not_end_the_accounts_worker(
    desk: Desk, worker: AccountsWorker
) -> None:
    position = enter_protected(desk, worker)
    leave(desk, worker)
    Order.objects.filter(trigger_price__isnull=False).update(
        status="TriggerPending", position=position, created_at=desk.now() - timedelta(seconds=5)
    )
    ExchangeAccount.objects.filter(id=desk.alice.pk).update(sealed_secret=desk.bob.sealed_secret)
    worker.look_ups.executor = AtOnce()
    worker.next_at.update(accounts=0.0, leftovers=0.0)

    worker.step()  # must not raise


def order_too_little(desk: Desk) -> None:
    """Give Bob a bot that orders less than the market's minimum."""
    Bot.objects.filter(id=desk.bot_of(desk.bob).pk).update(order_quantity=D("0.0000001"))


def miss_the_tick(desk: Desk) -> None:
    """Give Bob's position a stop between two ticks: their size has changed."""
    Position.objects.filter(account=desk.bob).update(bot=desk.bot_of(desk.bob), stop_price=D("100300.05"))


@pytest.mark.parametrize("trouble", [order_too_little, miss_the_tick])
def test_one_customers_bot_does_not_keep_another_from_leaving(
    desk: Desk, worker: AccountsWorker, trouble: Callable[[Desk], None]
) -> None:
    enter_protected(desk, worker)
    trouble(desk)

    desk.post_book(bids=10, asks=90)
    desk.evaluate()

    assert OrderIntent.objects.filter(account=desk.alice, purpose="exit").exists()


def test_an_evaluation_that_is_overtaken_for_one_customer_goes_on_for_the_others(
    desk: Desk, worker: AccountsWorker
) -> None:
    enter_protected(desk, worker)
    bobs = desk.bot_of(desk.bob)
    Position.objects.filter(account=desk.bob).update(state="closed", quantity=0, closed_us=1)

    def another_process_serves_bob(rows: BotRows, verdict: Verdict) -> None:
        if rows.bot.pk == bobs.pk:
            store([drafts.claimed(drafts.entry(rows.bot, verdict.actions[0]), now=desk.now())])

    desk.post_book(bids=10, asks=90)
    overtaken = Overtaken(
        redis=desk.redis, keys=desk.keys, exchange=desk.rest, speed=1.0, meanwhile=another_process_serves_bob
    )
    overtaken.evaluate(symbol=SYMBOL, shard=0)

    assert OrderIntent.objects.filter(bot=bobs).exists()
    assert OrderIntent.objects.filter(account=desk.alice, purpose="exit").exists()
