"""Review: each test shows one way in which money is at risk, or a figure is wrong. All of them have to pass."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from recordings.events import BookUpdate
from tests.kit.desk import BUDGET_MS, Desk, step_until, step_until_watched
from tests.kit.exchange import MID, SYMBOL
from tests.kit.lossy import Loss, lossy_proxy
from tests.kit.review_streams import Line, in_thread
from trading.board.snapshots import Mark, load, publish
from trading.core.units import Side
from trading.exchange.backpack.rest import BackpackRest
from trading.exchange.backpack.streams import Frame
from trading.exchange.ports import OrderRequest, Placed, require_placed
from trading.execution import drafts, exits
from trading.execution.accounts_worker import AccountsWorker
from trading.execution.evaluate import Evaluator
from trading.execution.exits import exit_position
from trading.execution.intents import store
from trading.execution.liveness import show_accounts_alive
from trading.execution.protection import Protector
from trading.execution.reconciliation import Reconciler
from trading.execution.stream_readers import Received
from trading.models import Bot, Fill, Market, Order, OrderIntent, Position

D = Decimal
BY_HAND = 4_000_000_000


@pytest.fixture
def line(desk: Desk) -> Line:
    return Line(desk)


@pytest.fixture
def worker(desk: Desk, line: Line) -> Iterator[AccountsWorker]:
    made = desk.accounts_worker()
    made.make_reader = line.reader
    step_until_watched(made)
    yield made
    desk.stop.set()


def rest_entry(desk: Desk) -> None:
    desk.exchange.book(bids=20, asks=20)
    desk.post_book(bids=80, asks=20)
    desk.evaluate()


def enter(desk: Desk, worker: AccountsWorker, *, takes: str = "0.030") -> Position:
    rest_entry(desk)
    desk.bob_takes(Side.ASK, takes)
    step_until(worker, lambda: Position.objects.filter(account=desk.alice).exists())
    return desk.position()


def protected(desk: Desk, worker: AccountsWorker) -> Position:
    enter(desk, worker)
    step_until(worker, lambda: desk.position().state == "protected")
    return desk.position()


def reconcile(desk: Desk, *, later_s: float = 0.0) -> None:
    now = desk.now() + timedelta(seconds=later_s)
    desk.reconciler.reconcile(desk.alice, now=now, received_ns=int(now.timestamp() * 1e9))


def at_exchange(desk: Desk) -> tuple[Decimal, Decimal]:
    """Return Alice's net quantity and the sum of her stops, as the exchange has them."""
    held = sum((one.net_quantity for one in desk.rest.positions(desk.credentials)), D(0))
    waiting = desk.rest.open_orders(desk.credentials)
    return held, sum((one.trigger_quantity or D(0) for one in waiting if one.is_conditional), D(0))


def step_for(worker: AccountsWorker, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        worker.step()


def by_hand(desk: Desk, side: Side, quantity: str | None, **changes: object) -> Placed:
    fields = {"order_type": "Market", "client_id": BY_HAND, **changes}
    request = OrderRequest(
        symbol=SYMBOL,
        side=side,
        quantity=None if quantity is None else D(quantity),
        **fields,  # type: ignore[arg-type]
    )
    return require_placed(desk.rest.place_order(desk.credentials, request))


def post_levels(desk: Desk, *, bids: tuple[tuple[int, int], ...], asks: tuple[tuple[int, int], ...]) -> None:
    """Put a proven, fresh book of any form on the board."""
    desk.post_book(bids=1, asks=1)
    snapshot = load(desk.redis, SYMBOL, keys=desk.keys).require_book()._replace(bids=bids, asks=asks)
    publish(desk.redis, symbol=SYMBOL, snapshot=snapshot, keys=desk.keys)


def dead_redis() -> Redis:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Redis(port=free.getsockname()[1], retry=Retry(NoBackoff(), 0))  # as ours


# -- 1. a position without a stop


def test_without_redis_the_accounts_worker_still_protects(desk: Desk, worker: AccountsWorker) -> None:
    desk.exchange.settings(attached_stops="none")

    def broker_is_gone(_: int) -> None:
        raise ConnectionError

    worker.protect_later = broker_is_gone
    worker.redis = dead_redis()
    worker.protector = Protector(redis=worker.redis, keys=desk.keys, exchange=desk.rest, budget_ms=BUDGET_MS, speed=1.0)

    enter(desk, worker)
    step_until(worker, lambda: desk.position().state == "protected")


def test_a_redis_that_hangs_does_not_hold_the_accounts_worker() -> None:
    from trading.execution import clients

    with socket.create_server(("127.0.0.1", 0)) as silent:
        from django.test import override_settings

        clients.redis_client.cache_clear()
        with override_settings(REDIS_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}/0"):
            client = clients.redis_client()
        clients.redis_client.cache_clear()

        def show() -> None:
            try:
                show_accounts_alive(client, clients.redis_keys(), 0)
            except Exception:  # noqa: BLE001
                pass

        assert in_thread(show, within_s=BUDGET_MS / 1_000)


@pytest.mark.parametrize("how", ["cut", "silent"])
def test_a_fill_that_no_stream_shows_is_protected_within_the_budget(
    desk: Desk, worker: AccountsWorker, line: Line, how: str
) -> None:
    desk.exchange.settings(attached_stops="none")
    rest_entry(desk)
    step_until(worker, lambda: Order.objects.filter(account=desk.alice, status="New").exists())
    if how == "cut":
        line.cut()
    else:
        line.is_silent = True
    step_for(worker, 0.5)
    desk.bob_takes(Side.ASK, "0.030")

    step_for(worker, BUDGET_MS / 1_000 + 1.0)

    for position_id in desk.to_protect:
        desk.protector.protect(position_id)
    held, stops = at_exchange(desk)
    assert stops >= held


def test_entries_stay_stopped_while_the_private_stream_is_down(desk: Desk, worker: AccountsWorker, line: Line) -> None:
    line.cut()
    step_until(worker, lambda: desk.alice_row().is_unwatched)

    worker.next_at["reconcile"] = 0.0
    worker.step()

    desk.post_book(bids=80, asks=20)
    assert desk.evaluate() == 0


def test_a_stop_reason_of_somebody_else_survives_a_reconciliation(desk: Desk, worker: AccountsWorker) -> None:
    type(desk.alice).objects.filter(id=desk.alice.pk).update(entries_stopped_reason="daily loss reached")

    reconcile(desk)

    assert desk.alice_row().entries_stopped_reason == "daily loss reached"


def test_a_bots_entry_on_top_of_a_position_made_by_hand_gets_its_stop(desk: Desk, worker: AccountsWorker) -> None:
    desk.exchange.settings(attached_stops="none")
    rest_entry(desk)
    by_hand(desk, Side.BID, "0.001")
    step_until(worker, lambda: Position.objects.filter(account=desk.alice).exists())

    desk.bob_takes(Side.ASK, "0.030")
    step_until(worker, lambda: desk.position().quantity > D("0.005"))

    assert desk.protector.protect(desk.position().pk) == "stop_placed"


def test_a_bot_does_not_enter_against_a_position_that_is_not_its_own(desk: Desk, worker: AccountsWorker) -> None:
    by_hand(desk, Side.BID, "0.005")
    step_until(worker, lambda: Position.objects.filter(account=desk.alice).exists())

    desk.post_book(bids=20, asks=80)
    assert desk.evaluate() == 0


def test_a_new_bot_does_not_enter_over_the_position_of_a_stopped_one(desk: Desk, worker: AccountsWorker) -> None:
    position = protected(desk, worker)
    Bot.objects.filter(id=position.bot_id).update(status="stopped")
    newcomer = desk.bot_of(desk.alice)

    desk.post_book(bids=20, asks=50)
    desk.evaluate()

    assert not OrderIntent.objects.filter(bot=newcomer).exists()


@pytest.mark.parametrize("trigger", ["101000", "50000"])
def test_only_a_trigger_at_the_positions_stop_counts_as_its_stop(
    desk: Desk, worker: AccountsWorker, trigger: str
) -> None:
    """A take-profit trigger, or a trigger far below, is no stop."""
    desk.exchange.settings(attached_stops="none")
    position = enter(desk, worker)
    by_hand(
        desk,
        Side.ASK,
        None,
        reduce_only=True,
        trigger_price=D(trigger),
        trigger_quantity=D("0.010"),
        trigger_by="MarkPrice",
    )
    step_until(worker, lambda: Order.objects.filter(status="TriggerPending").exists())

    assert desk.protector.protect(position.pk) == "stop_placed"


def test_a_stop_is_compared_with_a_mark_that_is_younger_than_the_stop(desk: Desk, worker: AccountsWorker) -> None:
    """The board's mark is two seconds old: the exchange's has passed the stop when the stop is placed."""
    desk.exchange.settings(attached_stops="none")
    position = enter(desk, worker)
    desk.post_mark(MID)
    desk.exchange.book(bids=20, asks=20, mid=MID - 6_000)
    desk.exchange.pass_time(60)
    assert desk.rest.mark_prices(SYMBOL)[0].mark_price < D("99700")

    done = desk.protector.protect(position.pk)

    assert done in ("stop_passed_before_placing", "stop_passed_while_placing")


def test_a_closing_order_that_expired_at_once_does_not_bar_the_next_one(
    desk: Desk, worker: AccountsWorker, line: Line
) -> None:
    position = protected(desk, worker)
    line.cut()
    step_for(worker, 0.3)
    desk.exchange.show(BookUpdate(0, True, (), ((MID + 1, 20),)))
    exit_position(position.pk, reason="first", exchange=desk.rest, now=desk.now())
    assert Order.objects.get(intent__purpose="exit").status == "Expired"
    desk.exchange.book(bids=20, asks=20)
    for later_s in (0, 10, 20):
        reconcile(desk, later_s=later_s)

    assert desk.position().state == "protected"
    assert exit_position(position.pk, reason="second", exchange=desk.rest, now=desk.now()) is not None


def test_a_fill_missed_before_a_failed_reconciliation_is_found_by_the_next(desk: Desk) -> None:
    desk.exchange.settings(attached_stops="none")
    rest_entry(desk)
    desk.bob_takes(Side.ASK, "0.030")  # nobody listens
    desk.exchange.pass_time(120)
    worker = desk.accounts_worker()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = BackpackRest(base_url=f"http://127.0.0.1:{closed.getsockname()[1]}", signer=desk.signer)
        worker.reconciler = Reconciler(exchange=nowhere, window_ms=2_000, speed=1.0)
        step_until(worker, lambda: len(worker.connected) == 2)  # its reconciliation has failed
        by_hand(desk, Side.BID, "0.001")
        step_until(worker, lambda: Fill.objects.filter(account=desk.alice).exists())
    for _ in range(3):
        reconcile(desk)

    assert desk.position().quantity == at_exchange(desk)[0]


def test_a_failed_reconciliation_is_repeated_soon(desk: Desk) -> None:
    desk.exchange.settings(attached_stops="none")
    rest_entry(desk)
    desk.bob_takes(Side.ASK, "0.030")
    worker = desk.accounts_worker()
    good = worker.reconciler
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = BackpackRest(base_url=f"http://127.0.0.1:{closed.getsockname()[1]}", signer=desk.signer)
        worker.reconciler = Reconciler(exchange=nowhere, window_ms=2_000, speed=1.0)
        step_until(worker, lambda: len(worker.connected) == 2)
    worker.reconciler = good

    OrderIntent.objects.update(state="acknowledged")  # so that no question is open but the one about the account
    step_for(worker, 3.0)

    assert Position.objects.filter(account=desk.alice).exists()


def test_a_stop_that_has_vanished_counts_for_nothing_even_where_the_history_is_too_long(desk: Desk) -> None:
    rest_entry(desk)
    desk.bob_takes(Side.ASK, "0.030")
    reconcile(desk)
    [stop] = Order.objects.filter(account=desk.alice, status="TriggerPending")
    desk.rest.cancel_order(desk.credentials, symbol=SYMBOL, exchange_id=stop.exchange_id)
    for number in range(105):
        by_hand(desk, Side.BID, "0.001", order_type="Limit", price=D("99900"), client_id=BY_HAND + number)
        desk.rest.cancel_order(desk.credentials, symbol=SYMBOL, client_id=BY_HAND + number)

    reconcile(desk)
    reconcile(desk)

    assert at_exchange(desk) == (D("0.010"), D(0))
    assert desk.position().covered_quantity == 0


def test_a_reconciliation_of_one_account_does_not_hold_up_the_protection_of_another(
    desk: Desk, worker: AccountsWorker
) -> None:
    desk.exchange.settings(attached_stops="none")
    rest_entry(desk)
    real = desk.rest.order_history

    class Slow:
        """The exchange, answering questions about Bob after three seconds."""

        def __getattr__(self, name: str) -> object:
            return getattr(desk.rest, name)

        def open_orders(self, credentials: object) -> object:
            if credentials.account_id == desk.bob.pk:  # type: ignore[attr-defined]
                time.sleep(3.0)
            return desk.rest.open_orders(credentials)  # type: ignore[arg-type]

    assert real
    worker.reconciler = Reconciler(exchange=Slow(), window_ms=2_000, speed=1.0)  # type: ignore[arg-type]
    worker.questions.add(desk.bob.pk)
    worker.next_at["questions"] = 0.0
    desk.bob_takes(Side.ASK, "0.030")
    started = time.monotonic()
    step_until(worker, lambda: bool(desk.to_protect), patience_s=10)

    assert time.monotonic() - started < BUDGET_MS / 1_000


def test_a_deactivated_account_with_a_position_is_protected_after_a_restart(desk: Desk) -> None:
    rest_entry(desk)
    desk.bob_takes(Side.ASK, "0.030")
    reconcile(desk)
    type(desk.alice).objects.filter(id=desk.alice.pk).update(is_active=False)
    [stop] = Order.objects.filter(account=desk.alice, status="TriggerPending")
    worker = desk.accounts_worker()
    step_for(worker, 0.5)
    desk.rest.cancel_order(desk.credentials, symbol=SYMBOL, exchange_id=stop.exchange_id)

    step_for(worker, 1.0)

    assert desk.position().pk in desk.to_protect


def test_an_exit_whose_sender_was_killed_is_settled_once_its_window_has_passed(
    desk: Desk, worker: AccountsWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between storing and sending, wherever: eight seconds later it must not bar another exit."""
    position = protected(desk, worker)

    class Killed(BaseException):
        pass

    class Deadly:
        def place_order(self, *_: object) -> None:
            raise Killed

    def die(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(exits, "claim", die, raising=False)
    with pytest.raises(Killed):
        exit_position(position.pk, reason="first", exchange=Deadly(), now=desk.now())  # type: ignore[arg-type]
    monkeypatch.undo()
    long_ago = desk.now() - timedelta(seconds=8)
    OrderIntent.objects.filter(purpose="exit").update(created_at=long_ago)
    OrderIntent.objects.filter(purpose="exit").exclude(claimed_at=None).update(claimed_at=long_ago)

    step_for(worker, 5.0)  # questions are asked every second

    assert exit_position(position.pk, reason="second", exchange=desk.rest, now=desk.now()) is not None


def test_an_entry_does_not_rest_on_when_nobody_evaluates_any_more(desk: Desk, worker: AccountsWorker) -> None:
    rest_entry(desk)
    step_until(worker, lambda: Order.objects.filter(account=desk.alice, status="New").exists())
    Order.objects.update(created_at=desk.now() - timedelta(seconds=60), placed_us=1)
    OrderIntent.objects.update(created_at=desk.now() - timedelta(seconds=60))

    step_for(worker, 3.0)

    assert desk.rest.open_orders(desk.credentials) == []


# -- error handling that ends a loop, or lets one customer stop another


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

    protected(desk, worker)


def test_an_account_that_the_signer_refuses_does_not_end_the_accounts_worker(
    desk: Desk, worker: AccountsWorker
) -> None:
    position = protected(desk, worker)
    exit_position(position.pk, reason="by_test", exchange=desk.rest, now=desk.now())
    step_until(worker, lambda: desk.position().state == "closed")
    Order.objects.filter(trigger_price__isnull=False).update(
        status="TriggerPending", position=position, created_at=desk.now() - timedelta(seconds=5)
    )
    type(desk.alice).objects.filter(id=desk.alice.pk).update(sealed_secret=desk.bob.sealed_secret)
    worker.next_at["leftovers"] = 0.0

    worker.step()


@pytest.mark.parametrize("what", ["a quantity below the minimum", "a tick size that changed"])
def test_one_customers_bot_does_not_keep_another_from_leaving(desk: Desk, worker: AccountsWorker, what: str) -> None:
    protected(desk, worker)
    if what == "a quantity below the minimum":
        Bot.objects.filter(id=desk.bot_of(desk.bob).pk).update(order_quantity=D("0.0000001"))
    else:
        Position.objects.filter(account=desk.bob).update(bot=desk.bot_of(desk.bob), stop_price=D("100300.05"))

    desk.post_book(bids=10, asks=90)
    desk.evaluate()

    assert OrderIntent.objects.filter(account=desk.alice, purpose="exit").exists()


def test_a_book_without_one_side_keeps_nobody_from_leaving(desk: Desk, worker: AccountsWorker) -> None:
    protected(desk, worker)
    desk.bot_of(desk.bob)

    post_levels(desk, bids=(), asks=((MID + 1, 90),))
    desk.evaluate()

    assert OrderIntent.objects.filter(account=desk.alice, purpose="exit").exists()


# -- 4. a decision on something stale


def test_a_mark_that_stands_still_is_no_reason_to_leave(desk: Desk, worker: AccountsWorker) -> None:
    protected(desk, worker)
    desk.post_book(bids=50, asks=50)
    old_ns = time.time_ns() - 60_000_000_000
    stale = Mark(D(MID - 4_000), D(MID - 4_000), None, None, old_ns // 1_000, old_ns)
    publish(desk.redis, symbol=SYMBOL, mark=stale, keys=desk.keys)
    desk.evaluate()
    time.sleep(1.2)
    publish(desk.redis, symbol=SYMBOL, alive_ns=time.time_ns(), keys=desk.keys)
    desk.evaluate()

    assert not OrderIntent.objects.filter(account=desk.alice, purpose="exit").exists()


# -- 5. what belongs to a customer


def test_an_order_placed_by_hand_is_not_cancelled_as_a_leftover(desk: Desk, worker: AccountsWorker) -> None:
    position = protected(desk, worker)
    by_hand(desk, Side.ASK, "0.002", order_type="Limit", price=D("105000"))
    step_until(worker, lambda: Order.objects.filter(client_id=BY_HAND).exists())
    exit_position(position.pk, reason="by_test", exchange=desk.rest, now=desk.now())
    step_until(worker, lambda: desk.position().state == "closed")
    Order.objects.filter(client_id=BY_HAND).update(created_at=desk.now() - timedelta(seconds=5))

    worker.next_at["leftovers"] = 0.0
    step_for(worker, 0.5)

    assert [one.client_id for one in desk.rest.open_orders(desk.credentials)] == [BY_HAND]


# -- 7. figures


def test_the_naked_time_that_is_running_is_shown(desk: Desk, worker: AccountsWorker) -> None:
    from obiwork_project.demo.figures import read_figures

    desk.exchange.settings(attached_stops="none")
    position = enter(desk, worker)
    Position.objects.filter(id=position.pk).update(
        naked_since_us=position.naked_since_us - 5_000_000, naked_since_ns=position.naked_since_ns - 5_000_000_000
    )

    figures = read_figures([SYMBOL], redis=desk.redis, keys=desk.keys)

    assert figures.naked_max_ms is not None
    assert figures.naked_max_ms >= 5_000


def test_a_stop_whose_end_is_found_later_was_not_missing_all_its_life(desk: Desk) -> None:
    rest_entry(desk)
    desk.bob_takes(Side.ASK, "0.030")
    reconcile(desk)
    [stop] = Order.objects.filter(account=desk.alice, status="TriggerPending")
    desk.exchange.pass_time(3_600)
    desk.rest.cancel_order(desk.credentials, symbol=SYMBOL, exchange_id=stop.exchange_id)
    reconcile(desk)
    desk.post_mark(MID)
    assert desk.protector.protect(desk.position().pk) == "stop_placed"

    assert desk.position().naked_max_us < 60_000_000


def test_a_position_that_its_stop_has_closed_says_so_whoever_found_it(desk: Desk) -> None:
    rest_entry(desk)
    desk.bob_takes(Side.ASK, "0.030")
    reconcile(desk)
    desk.exchange.book(bids=50, asks=50, mid=MID - 4_000)
    desk.exchange.pass_time(30)
    reconcile(desk)

    assert (desk.position().state, desk.position().exit_reason) == ("closed", "stop")


def test_a_position_that_its_stop_has_closed_does_not_name_an_exit_that_was_refused(
    desk: Desk, worker: AccountsWorker
) -> None:
    position = protected(desk, worker)
    Position.objects.filter(id=position.pk).update(quantity=D("0.0105"))
    exit_position(position.pk, reason="obi_reversed", exchange=desk.rest, now=desk.now())
    Position.objects.filter(id=position.pk).update(quantity=D("0.010"))

    desk.exchange.book(bids=50, asks=50, mid=MID - 4_000)
    desk.exchange.pass_time(30)
    step_until(worker, lambda: desk.position().state == "closed")

    assert desk.position().exit_reason == "stop"


# -- second round


def test_a_closing_order_is_under_way_until_its_fills_are_stored(desk: Desk, worker: AccountsWorker) -> None:
    """The answer says Filled, the stream's orderAccepted comes, and its fill a moment later."""
    position = protected(desk, worker)
    exit_position(position.pk, reason="first", exchange=desk.rest, now=desk.now())
    assert Order.objects.get(intent__purpose="exit").status == "Filled"
    exit_id = Order.objects.get(intent__purpose="exit").exchange_id
    while True:
        message = worker.messages.get(timeout=5)
        worker._handle(message)
        if isinstance(message, Received) and message.frame.data.get("i") == exit_id:
            break
    assert message.frame.data["e"] == "orderAccepted"

    exit_position(position.pk, reason="second", exchange=desk.rest, now=desk.now())

    assert OrderIntent.objects.filter(purpose="exit").count() == 1


def test_a_child_that_echoes_its_parents_client_id_does_not_take_the_parents_intent(desk: Desk) -> None:
    with lossy_proxy(desk.exchange.rest) as lossy:
        desk.evaluator.exchange = BackpackRest(base_url=lossy.url, signer=desk.signer)
        lossy.loss = Loss.ANSWER
        rest_entry(desk)
    desk.bob_takes(Side.ASK, "0.030")
    real = desk.rest.open_orders

    class Echoing:
        """The exchange, where an attached stop carries its entry's client id."""

        def __getattr__(self, name: str) -> object:
            return getattr(desk.rest, name)

        def open_orders(self, credentials: object) -> object:
            return [replace(one, client_id=1) for one in real(credentials) if one.related_order_id]  # type: ignore[arg-type]

    desk.reconciler = Reconciler(exchange=Echoing(), window_ms=5_000, speed=1.0)  # type: ignore[arg-type]
    reconcile(desk)

    assert desk.position().stop_price == D("99700")
    assert OrderIntent.objects.get().order.trigger_price is None


def test_no_entries_before_the_first_reconciliation_has_succeeded(desk: Desk) -> None:
    worker = desk.accounts_worker()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = BackpackRest(base_url=f"http://127.0.0.1:{closed.getsockname()[1]}", signer=desk.signer)
        worker.reconciler = Reconciler(exchange=nowhere, window_ms=2_000, speed=1.0)
        step_until(worker, lambda: len(worker.connected) == 2)

    desk.post_book(bids=80, asks=20)

    assert desk.evaluate() == 0


def test_a_fill_is_found_even_where_the_history_is_too_long(desk: Desk) -> None:
    rest_entry(desk)
    desk.bob_takes(Side.ASK, "0.030")
    for number in range(105):
        by_hand(desk, Side.BID, "0.001", order_type="Limit", price=D("99900"), client_id=BY_HAND + number)
        desk.rest.cancel_order(desk.credentials, symbol=SYMBOL, client_id=BY_HAND + number)

    reconcile(desk)

    assert Position.objects.filter(account=desk.alice).exists()


def test_an_order_believed_absent_cannot_be_sent_afterwards(desk: Desk) -> None:
    """A sender that is held up between claiming and signing: the exchange has to refuse what comes too late."""
    rest = BackpackRest(base_url=desk.exchange.rest, signer=desk.signer, window_ms=200)
    desk.reconciler = Reconciler(exchange=rest, window_ms=200, speed=1.0)

    class HeldUp:
        """The exchange, reached by a process that stood still for a while."""

        def __getattr__(self, name: str) -> object:
            return getattr(rest, name)

        def place_orders(self, batch: object) -> object:
            for pause_s in (1.4, 1.2):
                time.sleep(pause_s)
                reconcile(desk)
            return rest.place_orders(batch)  # type: ignore[arg-type]

    desk.evaluator.exchange = HeldUp()  # type: ignore[assignment]
    rest_entry(desk)

    intent = OrderIntent.objects.get()
    assert intent.is_live or desk.rest.open_orders(desk.credentials) == []
    rest.close()


def test_an_evaluation_that_is_overtaken_for_one_customer_goes_on_for_the_others(
    desk: Desk, worker: AccountsWorker
) -> None:
    protected(desk, worker)
    bobs = desk.bot_of(desk.bob)
    Position.objects.filter(account=desk.bob).update(state="closed", quantity=0, closed_us=1)

    class Overtaken(Evaluator):
        """An evaluator whose Bob is served by another process while it decides."""

        def _decide(self, rows, moment):  # type: ignore[no-untyped-def]
            verdict = super()._decide(rows, moment)
            if rows.bot.pk == bobs.pk and verdict.actions:
                store([drafts.claimed(drafts.entry(rows.bot, verdict.actions[0]), now=desk.now())])
            return verdict

    evaluator = Overtaken(redis=desk.redis, keys=desk.keys, exchange=desk.rest, speed=1.0)
    desk.post_book(bids=10, asks=90)
    evaluator.evaluate(symbol=SYMBOL, shard=0)

    assert OrderIntent.objects.filter(bot=bobs).exists()
    assert OrderIntent.objects.filter(account=desk.alice, purpose="exit").exists()


def test_the_view_counts_all_open_positions(desk: Desk) -> None:
    from obiwork_project.demo.figures import read_figures
    from obiwork_project.demo.view import plain_line

    first = Market.objects.get(symbol=SYMBOL)
    for number in range(17):
        market = Market.objects.create(
            symbol=f"X{number}_USDC_PERP", tick_size=first.tick_size, step_size=first.step_size, min_quantity=D("0.001")
        )
        Position.objects.create(
            customer=desk.alice.customer,
            account=desk.alice,
            market=market,
            side="Bid",
            quantity=1,
            entry_quantity=1,
            entry_notional=1,
            opened_us=1,
            opened_received_ns=1,
        )

    line = plain_line(read_figures([SYMBOL], redis=desk.redis, keys=desk.keys), seconds=1.0)

    assert "open 17" in line


def test_a_stop_that_has_grown_while_nobody_listened_counts_as_it_is(
    desk: Desk, worker: AccountsWorker, line: Line
) -> None:
    desk.exchange.settings(attached_stops="grow")
    enter(desk, worker, takes="0.024")
    step_until(worker, lambda: desk.position().state == "protected")
    line.cut()
    step_for(worker, 0.3)
    desk.bob_takes(Side.ASK, "0.006")  # the rest fills, and its stop grows
    reconcile(desk)

    assert (desk.position().quantity, desk.position().covered_quantity) == at_exchange(desk)


def test_no_exit_is_sent_for_a_position_that_has_closed_meanwhile(desk: Desk, worker: AccountsWorker) -> None:
    """What it would reduce is somebody else's: the customer's own position in the same market."""
    position = protected(desk, worker)

    class Late(Evaluator):
        """An evaluator that decides while the position's stop closes it and the customer buys by hand."""

        def _decide(self, rows, moment):  # type: ignore[no-untyped-def]
            verdict = super()._decide(rows, moment)
            Position.objects.filter(id=position.pk).update(state="closed", quantity=0, closed_us=1)
            return verdict

    desk.post_book(bids=10, asks=90)
    Late(redis=desk.redis, keys=desk.keys, exchange=desk.rest, speed=1.0).evaluate(symbol=SYMBOL, shard=0)

    assert not OrderIntent.objects.filter(purpose="exit").exists()


def test_a_cancel_that_hangs_does_not_hold_up_the_next_evaluation(desk: Desk, worker: AccountsWorker) -> None:
    rest_entry(desk)
    step_until(worker, lambda: Order.objects.filter(account=desk.alice, status="New").exists())

    class Hanging:
        """The exchange, whose cancels take three seconds."""

        def __getattr__(self, name: str) -> object:
            return getattr(desk.rest, name)

        def cancel_order(self, *arguments: object, **named: object) -> object:
            time.sleep(3.0)
            return desk.rest.cancel_order(*arguments, **named)  # type: ignore[arg-type]

    desk.evaluator.exchange = Hanging()  # type: ignore[assignment]
    desk.post_book(bids=10, asks=90)
    started = time.monotonic()
    desk.evaluate()

    assert time.monotonic() - started < 1.0


def test_a_stop_is_not_a_leftover_while_the_exchange_still_has_a_position(desk: Desk, worker: AccountsWorker) -> None:
    """One fill was lost on the way; our rows are flat, the exchange's position is not."""
    enter(desk, worker, takes="0.024")
    step_until(worker, lambda: desk.position().state == "protected")
    desk.bob_takes(Side.ASK, "0.006")
    time.sleep(0.5)
    while not worker.messages.empty():
        worker.messages.get()
    exit_position(desk.position().pk, reason="by_test", exchange=desk.rest, now=desk.now())
    step_until(worker, lambda: desk.position().state == "closed")
    held, stops = at_exchange(desk)
    assert held == D("0.006")
    assert stops >= held
    Order.objects.update(created_at=desk.now() - timedelta(seconds=5))
    worker.next_at["leftovers"] = 0.0

    step_for(worker, 0.5)

    held, stops = at_exchange(desk)
    assert stops >= held
