"""Words: stored codes as people read them, and the colour of each state."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.admin.cells import DASH
from trading.core.units import Side

GOOD, BAD, CAREFUL, NEUTRAL = "success", "danger", "warning", ""

POSITION_COLOURS = {"protected": GOOD, "unprotected": BAD, "exiting": CAREFUL, "closed": NEUTRAL}
INTENT_COLOURS = {
    "pending": NEUTRAL,
    "sending": CAREFUL,
    "acknowledged": GOOD,
    "rejected": CAREFUL,
    "unknown": BAD,
    "not_placed": NEUTRAL,
}
ORDER_COLOURS = {
    "New": NEUTRAL,
    "PartiallyFilled": CAREFUL,
    "Filled": GOOD,
    "TriggerPending": GOOD,
    "TriggerFailed": BAD,
}
BOT_COLOURS = {"live": GOOD, "stopped": CAREFUL}

# What is stored in a column of states, purposes, sides or order types, in the words of its choices.
STATES = {
    "unprotected": _("unprotected"),
    "protected": _("protected"),
    "exiting": _("exiting"),
    "closed": _("closed"),
    "pending": _("pending"),
    "sending": _("sending"),
    "acknowledged": _("acknowledged"),
    "rejected": _("rejected"),
    "unknown": _("unknown"),
    "not_placed": _("not placed"),
    "entry": _("entry"),
    "take_profit": _("take profit"),
    "stop": _("stop"),
    "exit": _("exit"),
    "live": pgettext_lazy("bot", "live"),
    "stopped": pgettext_lazy("bot", "stopped"),
    "scalp": _("scalp"),
    "Bid": _("buy"),
    "Ask": _("sell"),
    "Limit": _("Limit"),
    "Market": _("Market order"),
    "New": _("New"),
    "PartiallyFilled": _("Partially filled"),
    "Filled": _("Filled"),
    "Cancelled": _("Cancelled"),
    "Expired": _("Expired"),
    "TriggerPending": _("Trigger pending"),
    "TriggerFailed": _("Trigger failed"),
    "Triggered": _("Triggered"),
}

# Why the engine did what it did.
REASONS = {
    "book_empty": _("the book is empty"),
    "book_one_sided": _("the book has one side only"),
    "book_not_proven": _("the book is not proven"),
    "book_polled": _("the book comes from polling"),
    "book_stale": _("the book is too old"),
    "by_hand": _("by hand"),
    "cooling_down": _("cooling down"),
    "entries_stopped": _("entries are stopped"),
    "entry_in_flight": _("an entry is in flight"),
    "entry_resting": _("the entry rests"),
    "entry_timed_out": _("the entry timed out"),
    "exit_under_way": _("an exit is under way"),
    "exiting": _("an exit is under way"),
    "naked_budget_over": _("naked for too long"),
    "obi_beyond_trigger": _("OBI beyond the trigger"),
    "obi_reversed": _("OBI reversed"),
    "obi_within_trigger": _("OBI within the trigger"),
    "order_below_minimum": _("the order is below the minimum"),
    "position_kept": _("the position is kept"),
    "position_kept_without_book": _("the position is kept without a book"),
    "repriced_often_enough": _("re-priced often enough"),
    "signal_gone": _("the signal has gone"),
    "stop": _("the stop was reached"),
    "stop_not_honoured": _("the stop was not honoured"),
    "stop_passed_before_placing": _("the stop was passed before it could be placed"),
    "stop_passed_while_placing": _("the stop was passed while it was being placed"),
    "stop_refused": _("the stop was refused"),
    "take_profit": _("the target was reached"),
}


_VERDICTS: dict[bool | None, Any] = {True: _("approved"), False: _("vetoed"), None: _("managing")}
VERDICT_COLOURS = {True: GOOD, False: CAREFUL, None: NEUTRAL}


def state(code: str) -> str:
    """Return a stored code in words; one that has none yet is shown as it is."""
    return str(STATES.get(code, code.replace("_", " ")))


def reason(code: str) -> str:
    """Return a stored reason in words; one that has none yet is shown as it is."""
    return str(REASONS.get(code, code.replace("_", " "))) if code else DASH


def direction(side: str) -> str:
    """Return long or short."""
    return gettext("long") if side == Side.BID.value else gettext("short")


def verdict(approved: bool | None) -> str:
    """Return a verdict in words; None is a decision in which no entry was in question."""
    return str(_VERDICTS[approved])
