"""What the admin's pages say, in which language, and with how many queries."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ExchangeAccount
from tests.admin.addresses import KINDS, list_of, page_of
from tests.admin.conftest import Desk
from trading.models import OrderIntent, Position


def _queries(browser: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert browser.get(address).status_code == HTTPStatus.OK
    return len(captured)


@pytest.mark.parametrize("address", ["/admin/", *(list_of(kind) for kind in KINDS)])
def test_more_rows_need_no_more_queries(address: str, operator: Client, desk_of: Callable[[str], Desk]) -> None:
    desk_of("Alice")
    operator.get(address)
    with_one = _queries(operator, address)
    for name in ("Bob", "Carla", "Davi"):
        desk_of(name)
    assert _queries(operator, address) == with_one


@pytest.mark.parametrize("kind", KINDS)
def test_every_list_can_be_searched(kind: str, operator: Client, desk: Desk) -> None:
    assert operator.get(f"{list_of(kind)}?q=alice").status_code == HTTPStatus.OK


def test_a_bot_leads_to_everything_that_it_has_done(operator: Client, desk: Desk) -> None:
    page = operator.get(page_of(desk.bot)).content.decode()
    own = f"?bot__id__exact={desk.bot.pk}"
    assert all(f"/admin/trading/{kind}/{own}" in page for kind in ("position", "orderintent", "decision"))
    assert f"/admin/trading/fill/?account__id__exact={desk.account.pk}" in page
    linked = operator.get(f"{list_of('trading_position')}{own}").content.decode()
    assert page_of(desk.position) in linked


def test_a_position_leads_to_its_intents_orders_and_fills(operator: Client, desk: Desk) -> None:
    page = operator.get(page_of(desk.position)).content.decode()
    assert all(page_of(row) in page for row in (desk.bot, desk.account, desk.intent, desk.order, desk.fill))


def test_a_fill_leads_back_to_the_decision(operator: Client, desk: Desk) -> None:
    assert page_of(desk.order) in operator.get(page_of(desk.fill)).content.decode()
    assert page_of(desk.intent) in operator.get(page_of(desk.order)).content.decode()
    assert page_of(desk.decision) in operator.get(page_of(desk.intent)).content.decode()


def test_the_overview_shows_an_open_position_with_its_stop_and_coverage(operator: Client, desk: Desk) -> None:
    answer = operator.get("/admin/")
    (line,) = answer.context["tables"][0].rows
    size = "long\N{NO-BREAK SPACE}1.5"
    assert line.cells[:7] == ("Alice's account", "SOL_USDC_PERP", size, "150.1", "149.65", "100 %", "4.2 ms")
    assert line.label == ("protected", "success")


def test_the_overview_counts_what_is_unprotected_and_shows_it_first(
    operator: Client, desk_of: Callable[[str], Desk]
) -> None:
    bare, _covered = desk_of("Bob"), desk_of("Alice")
    Position.objects.filter(pk=bare.position.pk).update(covered_quantity="1.4", state="unprotected")
    context = operator.get("/admin/").context
    assert (context["cards"][0].value, context["cards"][0].colour) == ("1", "danger")
    assert context["tables"][0].rows[0].label == ("unprotected", "danger")
    assert context["tables"][0].rows[0].cells[5] == "93 %"


def test_the_overview_shows_unknown_orders(operator: Client, desk: Desk) -> None:
    OrderIntent.objects.update(state="unknown", is_live=True)
    context = operator.get("/admin/").context
    assert context["cards"][1].value == "1"
    assert context["tables"][2].rows[0].address == page_of(desk.intent)


def test_the_overview_says_why_an_accounts_entries_are_stopped(operator: Client, desk: Desk) -> None:
    ExchangeAccount.objects.update(entries_stopped_reason="private stream is down")
    context = operator.get("/admin/").context
    assert context["cards"][2].value == "1"
    assert context["tables"][1].rows[0].cells == ("Alice's account", "Alice", "private stream is down")


@pytest.mark.parametrize(
    ("stop", "said"),
    [
        ({"is_unwatched": True}, "nobody sees its fills"),
        ({"position_difference": "SOL_USDC_PERP (ours 1, exchange 2)"}, "SOL_USDC_PERP (ours 1, exchange 2)"),
    ],
)
def test_the_engines_own_stops_are_shown_too(stop: dict[str, object], said: str, operator: Client, desk: Desk) -> None:
    ExchangeAccount.objects.update(**stop)
    assert said in operator.get("/admin/").context["tables"][1].rows[0].cells[2]
    assert said in operator.get(f"{list_of('accounts_exchangeaccount')}?entries=stopped").content.decode()


def test_a_figure_that_is_unknown_is_a_dash(operator: Client) -> None:
    assert operator.get("/admin/").context["cards"][5].value == "–"


def test_a_position_made_by_hand_has_no_stop_of_ours(operator: Client, desk: Desk) -> None:
    Position.objects.update(stop_price=None)
    assert operator.get("/admin/").context["tables"][0].rows[0].cells[4] == "by hand"


def test_the_admin_speaks_the_readers_language(operator: Client, desk: Desk) -> None:
    portuguese = operator.get("/admin/", headers={"accept-language": "pt-BR"}).content.decode()
    english = operator.get("/admin/", headers={"accept-language": "en"}).content.decode()
    assert "Posições sem proteção" in portuguese
    assert "150,1<" in portuguese
    assert "Unprotected positions" in english
    assert "150.1<" in english


def test_portuguese_is_the_language_of_those_who_name_none(operator: Client, desk: Desk) -> None:
    page = operator.get(list_of("trading_position"), headers={"accept-language": "fr"}).content.decode()
    assert "protegida" in page
    assert "Filtros" in page


def test_pages_load_nothing_from_elsewhere(operator: Client, desk: Desk) -> None:
    pages = [operator.get(address).content.decode() for address in ("/admin/", page_of(desk.bot))]
    assert not [
        page for page in pages for mark in ('src="http', 'src="//', 'rel="stylesheet" href="http') if mark in page
    ]
