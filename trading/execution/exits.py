"""Exits: close a position at market, reduce-only, without touching its stop."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import IntegrityError, transaction

from trading.core.orders import Purpose
from trading.core.position import ProtectionState
from trading.exchange.ports import OrderEntry, Outcome
from trading.execution import drafts
from trading.execution.intents import claim, record, request_of, store
from trading.execution.position_states import exit_sent
from trading.models import Position

log = logging.getLogger(__name__)


def exit_position(position_id: int, *, reason: str, exchange: OrderEntry, now: datetime) -> Outcome | None:
    """Send a market order that closes a position; return what the exchange answered.

    None when there is nothing to close, or a closing order is under way already. The stop stays at the exchange until
    the fills have proven the position flat.
    """
    position = Position.objects.get(id=position_id)
    if position.state == ProtectionState.CLOSED.value:
        return None
    intent = drafts.closing(position, purpose=Purpose.EXIT, quantity=position.quantity)
    intent.reason = reason
    try:
        with transaction.atomic():
            if exit_sent([intent]):
                return None  # closed meanwhile: what it would reduce is not this position
            store([intent])
    except IntegrityError:
        log.info("exit_already_under_way position=%s", position_id)
        return None
    claimed = claim(intent.pk, now=now)
    outcome = exchange.place_order(*request_of(claimed))
    record([(claimed, outcome)])
    log.warning("exit_sent position=%s reason=%s outcome=%s", position_id, reason, type(outcome).__name__)
    return outcome
