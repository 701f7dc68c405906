"""Order intents: stored durably with client ids from the account's sequence, claimed once, their answers recorded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from trading.core.orders import IntentEvent, IntentState, Purpose, next_state, states_before
from trading.core.units import Side
from trading.exchange.ports import Credentials, OrderRequest, Outcome, OutcomeUnknown, Placed, Rejected
from trading.execution.clients import credentials_of
from trading.execution.errors import AlreadyClaimed
from trading.execution.intent_endings import end_finished
from trading.execution.order_rows import store_placed
from trading.execution.position_states import exit_ended
from trading.models import OrderIntent

# Locked in the order of their ids, so that two shards that meet on an account cannot deadlock.
_RESERVE = """
WITH wanted AS (SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS w(id, count)),
     locked AS (SELECT a.id FROM accounts_exchangeaccount a JOIN wanted USING (id) ORDER BY a.id FOR NO KEY UPDATE OF a)
UPDATE accounts_exchangeaccount AS a SET next_client_id = a.next_client_id + wanted.count
FROM wanted JOIN locked USING (id) WHERE a.id = wanted.id
RETURNING a.id, a.next_client_id - wanted.count
"""


def store(intents: Sequence[OrderIntent]) -> list[OrderIntent]:
    """Store intents in one transaction, each with the next client id of its account.

    Raises: IntegrityError when a bot has a live entry, or a position a live exit, already.
    """
    if not intents:
        return []
    with transaction.atomic(savepoint=False):
        _number(intents)
        return OrderIntent.objects.bulk_create(intents)


def claim(intent_id: int, *, now: datetime) -> OrderIntent:
    """Claim an intent for sending. Raises: AlreadyClaimed when it is not pending any more."""
    pending = OrderIntent.objects.filter(id=intent_id, state=IntentState.PENDING.value)
    if pending.update(state=IntentState.SENDING.value, claimed_at=now) != 1:
        raise AlreadyClaimed(str(intent_id))
    return OrderIntent.objects.select_related("account__customer", "market", "bot").get(id=intent_id)


def request_of(intent: OrderIntent) -> tuple[Credentials, OrderRequest]:
    """Return an intent as the exchange's client takes it."""
    is_stop = intent.trigger_price is not None
    return credentials_of(intent.account), OrderRequest(
        symbol=intent.market.symbol,
        side=Side(intent.side),
        order_type="Limit" if intent.order_type == "Limit" else "Market",
        price=intent.price,
        quantity=None if is_stop else intent.quantity,
        client_id=intent.client_id,
        post_only=intent.post_only,
        reduce_only=intent.reduce_only,
        time_in_force="GTC" if intent.order_type == "Limit" else None,
        # for what closes, so that an own quote cannot stop it; for entries too, because their stop inherits it
        self_trade_prevention="RejectMaker",
        trigger_price=intent.trigger_price,
        trigger_quantity=intent.quantity if is_stop else None,
        trigger_by="MarkPrice" if is_stop else None,
        stop_loss_trigger_price=intent.stop_loss_price,
        stop_loss_trigger_by=None if intent.stop_loss_price is None else "MarkPrice",
        # counts from the claim: a sender that stood still must not send what has been proven absent meanwhile
        signed_at_ms=None if intent.claimed_at is None else int(intent.claimed_at.timestamp() * 1_000),
    )


def record(answers: Iterable[tuple[OrderIntent, Outcome]]) -> None:
    """Record what the exchange answered: one statement per kind of answer, all in one transaction."""
    by_event: dict[IntentEvent, list[OrderIntent]] = defaultdict(list)
    placed = []
    for intent, outcome in answers:
        by_event[_describe(intent, outcome)].append(intent)
        if isinstance(outcome, Placed):
            placed.append((intent, outcome.order))
    with transaction.atomic():
        store_placed(placed)  # orders before intents, as everywhere (docs/adr/0005-lock-order.md)
        for event, intents in list(by_event.items()):
            _record_event(event, intents)
        exit_ended(
            intent.position_id
            for event in (IntentEvent.REFUSED, IntentEvent.NEVER_LEFT)
            for intent in by_event[event]
            if intent.purpose == Purpose.EXIT.value
        )
        end_finished(Q(id__in=[intent.pk for intent, _ in placed]))


def _number(intents: Sequence[OrderIntent]) -> None:
    wanted = Counter(intent.account_id for intent in intents)
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, [list(wanted.keys()), list(wanted.values())])
        next_ids: dict[int, int] = dict(cursor.fetchall())
    for intent in intents:
        intent.client_id = next_ids[intent.account_id]
        next_ids[intent.account_id] += 1


def _describe(intent: OrderIntent, outcome: Outcome) -> IntentEvent:
    """Copy an outcome into the intent's fields and return the event that it is."""
    if isinstance(outcome, Placed):
        intent.sent_ns, intent.answered_ns = outcome.sent_ns, outcome.answered_ns
        return IntentEvent.ANSWERED
    if isinstance(outcome, Rejected):
        intent.sent_ns, intent.is_live = outcome.sent_ns, False
        intent.refusal_code, intent.refusal_message = outcome.code[:60], outcome.message[:300]
        return IntentEvent.REFUSED
    if isinstance(outcome, OutcomeUnknown):
        intent.sent_ns, intent.refusal_message = outcome.sent_ns, outcome.reason[:300]
        return IntentEvent.ANSWER_LOST
    intent.is_live, intent.refusal_message = False, outcome.reason[:300]
    return IntentEvent.NEVER_LEFT


def _record_event(event: IntentEvent, intents: list[OrderIntent]) -> None:
    """Write the answers, but only over states in which the event is possible: the stream may have been faster."""
    possible = {state.value for state in states_before(event)}
    current = dict(
        OrderIntent.objects.select_for_update()
        .filter(id__in=[intent.pk for intent in intents])
        .order_by("id")
        .values_list("id", "state")
    )
    writable = [intent for intent in intents if current[intent.pk] in possible]
    for intent in writable:
        intent.state = next_state(IntentState(current[intent.pk]), event).value
    fields = ["state", "sent_ns", "answered_ns", "refusal_code", "refusal_message"]
    if event in (IntentEvent.REFUSED, IntentEvent.NEVER_LEFT):
        fields.append("is_live")
    OrderIntent.objects.bulk_update(writable, fields)
    timed = [intent for intent in intents if current[intent.pk] not in possible and intent.sent_ns is not None]
    OrderIntent.objects.bulk_update(timed, ["sent_ns", "answered_ns"])
