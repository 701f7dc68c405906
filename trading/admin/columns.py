"""Columns that lists and pages of several trading records share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin import cells
from trading.admin import words
from trading.models import Bot


def exact(field: str, description: Any) -> Callable[[Any], str]:
    """Return a column for an exact number, without the zeros that its database column pads it with."""

    @display(description=description, ordering=field)
    def column(row: Any) -> str:
        return cells.number(getattr(row, field))

    column.__name__ = f"exact_{field}"
    return column  # type: ignore[no-any-return]


def moment(field: str, description: Any) -> Callable[[Any], str]:
    """Return a column for a moment of our clock."""

    @display(description=description, ordering=field)
    def column(row: Any) -> str:
        return cells.moment(getattr(row, field))

    column.__name__ = f"moment_{field}"
    return column  # type: ignore[no-any-return]


def moment_of_us(field: str, description: Any) -> Callable[[Any], str]:
    """Return a column for a moment of the exchange's clock."""

    @display(description=description, ordering=field)
    def column(row: Any) -> str:
        return cells.moment_of_us(getattr(row, field))

    column.__name__ = f"moment_{field}"
    return column  # type: ignore[no-any-return]


def coloured(field: str, description: Any, colours: dict[str, str]) -> Callable[[Any], SafeString]:
    """Return a column for a state as a coloured label."""

    @display(description=description, ordering=field)
    def column(row: Any) -> SafeString:
        code = getattr(row, field)
        return cells.label(words.state(code), colour=colours.get(code, words.NEUTRAL))

    column.__name__ = f"coloured_{field}"
    return column  # type: ignore[no-any-return]


def word(field: str, description: Any) -> Callable[[Any], str]:
    """Return a column for a stored code in words."""

    @display(description=description, ordering=field)
    def column(row: Any) -> str:
        return words.state(getattr(row, field))

    column.__name__ = f"word_{field}"
    return column  # type: ignore[no-any-return]


def flag(field: str, description: Any) -> Callable[[Any], str]:
    """Return a column for a yes or no."""

    @display(description=description, ordering=field)
    def column(row: Any) -> str:
        return cells.yes_or_no(getattr(row, field))

    column.__name__ = f"flag_{field}"
    return column  # type: ignore[no-any-return]


@display(description="id")
def page(row: Any) -> SafeString | str:
    """Return a row's id, linked to its own page."""
    return cells.link(row, f"#{row.pk}")


@display(description=_("customer"), ordering="customer__name")
def customer(row: Any) -> SafeString | str:
    """Return the customer, linked."""
    return cells.link(row.customer, row.customer.name)


@display(description=_("account"), ordering="account__label")
def account(row: Any) -> SafeString | str:
    """Return the account, linked."""
    return cells.link(row.account, row.account.label)


@display(description=_("market"), ordering="market__symbol")
def market(row: Any) -> str:
    """Return the symbol."""
    return str(row.market.symbol)


@display(description=_("side"), ordering="side")
def direction(row: Any) -> str:
    """Return long or short."""
    return words.direction(row.side)


@display(description=_("side"), ordering="side")
def side(row: Any) -> str:
    """Return buy or sell, from the order's point of view."""
    return words.state(row.side)


@display(description=_("bot"), ordering="bot_id")
def bot(row: Any) -> SafeString | str:
    """Return the bot, linked."""
    return cells.link(row.bot, bot_name(row.bot)) if row.bot_id else cells.DASH


@display(description=_("position"), ordering="position_id")
def position(row: Any) -> SafeString | str:
    """Return the position, linked."""
    return cells.link(row.position, f"#{row.position_id}") if row.position_id else cells.DASH


@display(description=_("order intent"), ordering="intent_id")
def intent(row: Any) -> SafeString | str:
    """Return the intent, linked; an attached stop and an order made by hand have none."""
    if not row.intent_id:
        return cells.DASH
    return cells.link(row.intent, f"#{row.intent_id} {words.state(row.intent.purpose)}")


@display(description=_("decision"), ordering="decision_id")
def decision(row: Any) -> SafeString | str:
    """Return the decision, linked."""
    if not row.decision_id:
        return cells.DASH
    return cells.link(row.decision, f"#{row.decision_id} {words.reason(row.decision.reason)}")


@display(description=_("order"), ordering="order_id")
def order(row: Any) -> SafeString | str:
    """Return the order, linked by its id at the exchange."""
    return cells.link(row.order, row.order.exchange_id)


@display(description=_("id at the exchange"), ordering="exchange_id")
def own_order(row: Any) -> SafeString | str:
    """Return an order's id at the exchange, linked to its own page."""
    return cells.link(row, row.exchange_id)


@display(description=_("quantity"), ordering="quantity")
def order_quantity(row: Any) -> str:
    """Return an order's quantity; a trigger order's is the one at its trigger, unknown where that is a share."""
    if row.trigger_price is not None and row.quantity == 0:
        return cells.number(row.trigger_quantity)
    return cells.number(row.quantity)


@display(description=_("filled"), ordering="executed_quantity")
def filled(row: Any) -> str:
    """Return how much of an order was filled, of how much."""
    return f"{cells.number(row.executed_quantity)} / {order_quantity(row)}"


@display(description=_("price"), ordering="price")
def price_or_trigger(row: Any) -> str:
    """Return where an order rests, or what it waits for."""
    if row.trigger_price is not None:
        return gettext("trigger %(price)s") % {"price": cells.number(row.trigger_price)}
    return cells.number(row.price)


def bot_name(row: Bot) -> str:
    """Return what a bot is called."""
    return f"#{row.pk}\N{NO-BREAK SPACE}{words.state(row.mode)}"


@display(description=_("reason"), ordering="reason")
def reason(row: Any) -> str:
    """Return why, in words."""
    return words.reason(row.reason)


quantity = exact("quantity", _("quantity"))
price = exact("price", _("price"))
maker = flag("is_maker", _("maker"))
created = moment("created_at", _("stored"))
