"""Settings of the exchange that a client must not lean on; those of them that may be switched while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class AttachedStops(Enum):
    """What happens to a stop that travels inside an entry order when the entry fills piece by piece."""

    GROW = "grow"  # one child, its quantity grows with every fill
    FIXED = "fixed"  # one child over the first fill only
    CHILD = "child"  # one child per fill
    NONE = "none"  # no child at all, and nobody says so


class DuplicateClientIds(Enum):
    """What happens to an order whose client id belongs to a live order of the account."""

    ACCEPT = "accept"
    REJECT = "reject"


@dataclass(slots=True)
class Settings:
    """Switches of one exchange; `POST /sandbox/settings` changes them at run time.

    None of the behaviours that differ here is documented by the exchange, so a client has to survive all of them.
    """

    attached_stops: AttachedStops = AttachedStops.GROW
    duplicate_client_ids: DuplicateClientIds = DuplicateClientIds.ACCEPT
    max_stop_orders_per_position: int = 10
