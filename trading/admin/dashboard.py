"""Dashboard: what an operator sees first. Every figure is read from stored rows; one that is unknown is a dash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import Case, Count, F, Max, Q, Value, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, ngettext, pgettext

from accounts.admin import cells
from accounts.admin.cells import address, list_address
from accounts.admin.exchange_accounts import causes_of, stopped
from accounts.models import ExchangeAccount
from trading.admin import columns, positions, words
from trading.core.orders import IntentState
from trading.core.position import ProtectionState
from trading.models import Bot, OrderIntent, Position

INDEX_TEMPLATE = "trading/admin/dashboard.html"
SHOWN_ROWS = 25
# An answer is a matter of milliseconds; an intent that is still being sent after this long has lost its sender.
SENDING_AT_MOST = timedelta(seconds=15)
_NEEDED = ("accounts.view_exchangeaccount", "trading.view_bot", "trading.view_orderintent", "trading.view_position")


class Card(NamedTuple):
    """A figure with its colour, what it says in words, and the list behind it."""

    title: str
    value: str
    colour: str
    note: str
    address: str


class Line(NamedTuple):
    """A row of a table: cells of text or labels, and the page behind it."""

    address: str
    cells: Sequence[str]
    label: tuple[str, str]


class Table(NamedTuple):
    """A table, its rows, how many rows there are in all, and the list that has them."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Line]
    total: int
    nothing: str
    address: str

    @property
    def hidden(self) -> int:
        """Return how many rows are not on the dashboard."""
        return self.total - len(self.rows)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the dashboard to the index page, for those who may see all that it shows."""
    user = request.user
    if not user.has_perms(_NEEDED):
        return context
    opened = _open_positions()
    unknown = _unknown_intents()
    halted = ExchangeAccount.objects.filter(stopped()).select_related("customer").order_by("id")
    return context | {
        "read_at": cells.moment(timezone.now()),
        "cards": _cards(opened, unknown=unknown.count(), stopped=halted.count()),
        "tables": [_positions_table(opened), _stopped_table(halted), _unknown_table(unknown)],
    }


def _open_positions() -> Any:
    """Return open positions, those that lack protection first."""
    naked_first = Case(When(covered_quantity__lt=F("quantity"), then=Value(0)), default=Value(1))
    rows = Position.objects.exclude(state=ProtectionState.CLOSED.value)
    return rows.select_related("account", "market").order_by(naked_first, "-id")


def _unknown_intents() -> Any:
    """Return the intents of which nobody knows whether an order came of them."""
    lost = Q(state=IntentState.SENDING.value, claimed_at__lt=timezone.now() - SENDING_AT_MOST)
    rows = OrderIntent.objects.filter(Q(state=IntentState.UNKNOWN.value) | lost)
    return rows.select_related("account", "market").order_by("id")


def _cards(opened: Any, *, unknown: int, stopped: int) -> list[Card]:
    totals = opened.order_by().aggregate(
        all=Count("id"), naked=Count("id", filter=Q(covered_quantity__lt=F("quantity")))
    )
    bots = Bot.objects.aggregate(all=Count("id"), live=Count("id", filter=Q(status=Bot.Status.LIVE)))
    longest_us = Position.objects.exclude(stop_price=None).aggregate(longest=Max("naked_max_us"))["longest"]
    covered = gettext("all are covered by stops") if totals["all"] else gettext("nothing is open")
    return [
        Card(
            gettext("Unprotected positions"),
            str(totals["naked"]),
            words.BAD if totals["naked"] else words.GOOD,
            gettext("confirmed stops cover less than the position") if totals["naked"] else covered,
            list_address("trading_position", {"coverage": "missing"}),
        ),
        Card(
            gettext("Unknown orders"),
            str(unknown),
            words.BAD if unknown else words.GOOD,
            gettext("the exchange is being asked") if unknown else gettext("every answer has come"),
            list_address("trading_orderintent", {"state__exact": IntentState.UNKNOWN.value}),
        ),
        Card(
            gettext("Accounts with stopped entries"),
            str(stopped),
            words.CAREFUL if stopped else words.GOOD,
            gettext("the reasons are below") if stopped else gettext("all may open positions"),
            list_address("accounts_exchangeaccount", {"entries": "stopped"}),
        ),
        Card(
            gettext("Open positions"),
            str(totals["all"]),
            "",
            gettext("now, over all customers"),
            list_address("trading_position", {"coverage": "open"}),
        ),
        Card(
            gettext("Live bots"),
            str(bots["live"]),
            "",
            ngettext("of %(count)d bot", "of %(count)d bots", bots["all"]) % {"count": bots["all"]},
            list_address("trading_bot", {"status__exact": Bot.Status.LIVE.value}),
        ),
        Card(
            gettext("Longest naked time"),
            cells.milliseconds(longest_us),
            "",
            gettext("of all positions so far"),
            list_address("trading_position", {"o": "-9"}),
        ),
    ]


def _positions_table(opened: Any) -> Table:
    headers = (
        gettext("account"),
        gettext("market"),
        gettext("size"),
        gettext("entry"),
        gettext("stop"),
        gettext("coverage"),
        gettext("longest naked"),
        gettext("stored"),
    )
    rows = [
        Line(
            address(row),
            (
                row.account.label,
                row.market.symbol,
                positions.size(row),
                positions.entry_price(row),
                positions.stop(row),
                positions.coverage(row),
                cells.milliseconds(row.naked_max_us),
                cells.moment(row.created_at),
            ),
            _coloured(row.state, words.POSITION_COLOURS),
        )
        for row in opened[:SHOWN_ROWS]
    ]
    everything = list_address("trading_position", {})
    return Table(gettext("Open positions"), headers, rows, opened.count(), gettext("Nothing is open."), everything)


def _stopped_table(halted: Any) -> Table:
    headers = (gettext("account"), gettext("customer"), gettext("why"))
    rows = [
        Line(
            address(row),
            (row.label, row.customer.name, causes_of(row)),
            (pgettext("entries", "stopped"), words.CAREFUL),
        )
        for row in halted[:SHOWN_ROWS]
    ]
    everything = list_address("accounts_exchangeaccount", {"entries": "stopped"})
    nothing = gettext("Every account may open positions.")
    return Table(gettext("Accounts with stopped entries"), headers, rows, halted.count(), nothing, everything)


def _unknown_table(unknown: Any) -> Table:
    headers = (
        gettext("account"),
        gettext("market"),
        gettext("purpose"),
        gettext("side"),
        gettext("quantity"),
        gettext("client id"),
        gettext("stored"),
    )
    rows = [
        Line(
            address(row),
            (
                row.account.label,
                row.market.symbol,
                words.state(row.purpose),
                columns.side(row),
                cells.number(row.quantity),
                str(row.client_id),
                cells.moment(row.created_at),
            ),
            _coloured(row.state, words.INTENT_COLOURS),
        )
        for row in unknown[:SHOWN_ROWS]
    ]
    everything = list_address("trading_orderintent", {"state__exact": IntentState.UNKNOWN.value})
    nothing = gettext("There is no order of which the outcome is unknown.")
    return Table(gettext("Unknown orders"), headers, rows, unknown.count(), nothing, everything)


def _coloured(code: str, colours: dict[str, str]) -> tuple[str, str]:
    return words.state(code), colours.get(code, words.NEUTRAL)
