"""Intent endings: an intent is over when its order is over and all that was executed is stored as fills."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from trading.core.orders import Purpose
from trading.execution.position_states import exit_ended
from trading.models import OrderIntent
from trading.models.order import ENDED


def end_finished(which: Q) -> None:
    """End those live intents of a selection that are finished; positions whose closing order has ended move on.

    An order that the exchange calls filled stays under way until its fills are here: only they move a position.
    """
    finished = (
        OrderIntent.objects.filter(which, is_live=True, order__status__in=ENDED)
        .annotate(filled=Coalesce(Sum("order__fills__quantity"), Decimal(0)))
        .filter(filled__gte=F("order__executed_quantity"))
    )
    _end(finished.values_list("id", "purpose", "position"))


def _end(rows: Iterable[tuple[int, str, int | None]]) -> None:
    ended = list(rows)
    OrderIntent.objects.filter(id__in=[row[0] for row in ended]).update(is_live=False)
    exit_ended(position for _, purpose, position in ended if purpose == Purpose.EXIT.value)
