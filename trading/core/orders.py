"""Order intents: what an order is for, and the state table of its way to the exchange."""

from __future__ import annotations

from enum import Enum

from trading.core.errors import ImpossibleMove


class Purpose(Enum):
    """What an order is for."""

    ENTRY = "entry"
    TAKE_PROFIT = "take_profit"
    STOP = "stop"
    EXIT = "exit"


class IntentState(Enum):
    """Where an order intent stands."""

    PENDING = "pending"  # stored, not claimed by anybody
    SENDING = "sending"  # claimed: from here on the order may exist
    ACKNOWLEDGED = "acknowledged"  # the exchange has answered with an order
    REJECTED = "rejected"  # the exchange has refused: the order does not exist
    UNKNOWN = "unknown"  # no answer, or none that can be read: ask the exchange, never resend
    NOT_PLACED = "not_placed"  # proven absent, or it never left this machine


class IntentEvent(Enum):
    """What can happen to an order intent."""

    CLAIMED = "claimed"
    ANSWERED = "answered"
    REFUSED = "refused"
    NEVER_LEFT = "never_left"
    ANSWER_LOST = "answer_lost"
    SEEN_AT_EXCHANGE = "seen_at_exchange"
    PROVEN_ABSENT = "proven_absent"
    LAPSED = "lapsed"


_NEXT = {
    (IntentState.PENDING, IntentEvent.CLAIMED): IntentState.SENDING,
    (IntentState.PENDING, IntentEvent.LAPSED): IntentState.NOT_PLACED,
    (IntentState.SENDING, IntentEvent.ANSWERED): IntentState.ACKNOWLEDGED,
    (IntentState.SENDING, IntentEvent.REFUSED): IntentState.REJECTED,
    (IntentState.SENDING, IntentEvent.NEVER_LEFT): IntentState.NOT_PLACED,
    (IntentState.SENDING, IntentEvent.ANSWER_LOST): IntentState.UNKNOWN,
    # the private stream may be faster than the answer
    (IntentState.SENDING, IntentEvent.SEEN_AT_EXCHANGE): IntentState.ACKNOWLEDGED,
    # its sender died between "stored" and "recorded"
    (IntentState.SENDING, IntentEvent.PROVEN_ABSENT): IntentState.NOT_PLACED,
    (IntentState.UNKNOWN, IntentEvent.SEEN_AT_EXCHANGE): IntentState.ACKNOWLEDGED,
    (IntentState.UNKNOWN, IntentEvent.PROVEN_ABSENT): IntentState.NOT_PLACED,
    (IntentState.ACKNOWLEDGED, IntentEvent.ANSWERED): IntentState.ACKNOWLEDGED,
    (IntentState.ACKNOWLEDGED, IntentEvent.SEEN_AT_EXCHANGE): IntentState.ACKNOWLEDGED,
    # the stream has shown the order, so a lost answer or a late refusal of a duplicate changes nothing
    (IntentState.ACKNOWLEDGED, IntentEvent.ANSWER_LOST): IntentState.ACKNOWLEDGED,
}

MAY_EXIST = frozenset({IntentState.SENDING, IntentState.UNKNOWN, IntentState.ACKNOWLEDGED})


def next_state(state: IntentState, event: IntentEvent) -> IntentState:
    """Return the state that follows an event.

    Raises: ImpossibleMove when the table has no such move; the caller asks the exchange.
    """
    try:
        return _NEXT[state, event]
    except KeyError as error:
        raise ImpossibleMove(f"an intent that is {state.value} cannot be {event.value}") from error


def states_before(event: IntentEvent) -> frozenset[IntentState]:
    """Return the states in which an event is possible: the condition of the UPDATE that records it."""
    return frozenset(state for state, known in _NEXT if known is event)
