"""Order intents: the state table keeps an unknown outcome unknown until the exchange has been asked."""

from __future__ import annotations

import pytest

from trading.core.errors import ImpossibleMove
from trading.core.orders import MAY_EXIST, IntentEvent, IntentState, next_state, states_before


def test_a_lost_answer_leaves_the_outcome_unknown() -> None:
    assert next_state(IntentState.SENDING, IntentEvent.ANSWER_LOST) is IntentState.UNKNOWN


@pytest.mark.parametrize("event", [IntentEvent.CLAIMED, IntentEvent.NEVER_LEFT, IntentEvent.LAPSED])
def test_an_unknown_intent_can_never_be_sent_again(event: IntentEvent) -> None:
    with pytest.raises(ImpossibleMove):
        next_state(IntentState.UNKNOWN, event)


@pytest.mark.parametrize("state", [state for state in IntentState if state is not IntentState.PENDING])
def test_only_a_pending_intent_can_be_claimed(state: IntentState) -> None:
    with pytest.raises(ImpossibleMove):
        next_state(state, IntentEvent.CLAIMED)


def test_an_answer_that_the_stream_has_overtaken_changes_nothing() -> None:
    assert next_state(IntentState.ACKNOWLEDGED, IntentEvent.ANSWERED) is IntentState.ACKNOWLEDGED
    assert next_state(IntentState.ACKNOWLEDGED, IntentEvent.ANSWER_LOST) is IntentState.ACKNOWLEDGED


@pytest.mark.parametrize("event", list(IntentEvent))
@pytest.mark.parametrize("state", [IntentState.REJECTED, IntentState.NOT_PLACED])
def test_an_order_that_does_not_exist_never_comes_to_life(state: IntentState, event: IntentEvent) -> None:
    with pytest.raises(ImpossibleMove):
        next_state(state, event)


def test_an_intent_may_exist_from_its_claim_on() -> None:
    assert IntentState.PENDING not in MAY_EXIST
    assert states_before(IntentEvent.PROVEN_ABSENT) <= MAY_EXIST
    assert states_before(IntentEvent.CLAIMED) == {IntentState.PENDING}
