"""Rejections: how often in a row a bot's entries were refused, so that re-pricing stays bounded."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F

from trading.core.orders import Purpose
from trading.exchange.ports import Outcome, Placed, Rejected
from trading.models import Bot, OrderIntent


def count_entry_answers(answers: Sequence[tuple[OrderIntent, Outcome]]) -> None:
    """Count refused entries per bot in a row; an entry that rests starts the count anew."""
    entries = [(intent, outcome) for intent, outcome in answers if intent.purpose == Purpose.ENTRY.value]
    placed = [intent.bot_id for intent, outcome in entries if isinstance(outcome, Placed) and intent.bot_id]
    refused = [intent for intent, outcome in entries if isinstance(outcome, Rejected)]
    if placed:
        Bot.objects.filter(id__in=placed).exclude(entry_rejections=0).update(entry_rejections=0)
    for intent in refused:
        decided_us = None if intent.decision is None else intent.decision.exchange_us
        Bot.objects.filter(intents=intent).update(entry_rejections=F("entry_rejections") + 1, last_entry_us=decided_us)
