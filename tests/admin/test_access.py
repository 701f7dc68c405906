"""Who may enter the admin, what may be changed there, and what is never shown."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from django.test import Client

from accounts.models import ExchangeAccount, User
from tests.admin.addresses import KINDS, RECORDS, list_of, page_of
from tests.admin.conftest import SEALED, Desk
from trading.models import Bot, Position


@pytest.mark.parametrize("kind", KINDS)
def test_a_stranger_is_sent_to_the_login(kind: str, db: None) -> None:
    answer = Client().get(list_of(kind))
    assert answer.status_code == HTTPStatus.FOUND
    assert answer["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("kind", KINDS)
def test_a_customer_does_not_enter(kind: str, customer_browser: Client) -> None:
    answer = customer_browser.get(list_of(kind))
    assert answer.status_code == HTTPStatus.FOUND
    assert answer["Location"].startswith("/admin/login/")


def test_a_customer_does_not_see_the_overview(customer_browser: Client) -> None:
    assert customer_browser.get("/admin/").status_code == HTTPStatus.FOUND


def test_a_clerk_sees_no_figures_that_he_may_not_see(clerk: Client, desk: Desk) -> None:
    page = clerk.get("/admin/").content.decode()
    assert "Users" in page
    assert "Unprotected positions" not in page
    assert "Alice" not in page


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_is_read_only_for_a_superuser(kind: str, operator: Client, desk: Desk) -> None:
    row = {
        "position": desk.position,
        "orderintent": desk.intent,
        "order": desk.order,
        "fill": desk.fill,
        "decision": desk.decision,
        "decisiontally": desk.tally,
    }[kind]
    assert operator.get(page_of(row)).status_code == HTTPStatus.OK
    assert operator.post(page_of(row), {"quantity": "9", "count": "9"}).status_code == HTTPStatus.FORBIDDEN
    assert operator.post(page_of(row, "delete"), {"post": "yes"}).status_code == HTTPStatus.FORBIDDEN
    assert operator.get(f"{list_of(f'trading_{kind}')}add/").status_code == HTTPStatus.FORBIDDEN
    operator.post(list_of(f"trading_{kind}"), {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"})
    before = type(row).objects.filter(pk=row.pk).values().get()
    assert before == {name: getattr(row, name) for name in before}


@pytest.mark.parametrize("name", ["customer", "account", "market", "bot"])
def test_nothing_that_records_hang_on_is_deleted(name: str, operator: Client, desk: Desk) -> None:
    row = getattr(desk, name)
    assert operator.post(page_of(row, "delete"), {"post": "yes"}).status_code == HTTPStatus.FORBIDDEN
    assert type(row).objects.filter(pk=row.pk).exists()


def test_an_account_is_never_made_in_the_admin(operator: Client) -> None:
    assert operator.get("/admin/accounts/exchangeaccount/add/").status_code == HTTPStatus.FORBIDDEN


def test_the_sealed_secret_is_on_no_page(operator: Client, desk: Desk) -> None:
    rows = (
        desk.customer,
        desk.account,
        desk.market,
        desk.bot,
        desk.decision,
        desk.position,
        desk.intent,
        desk.order,
        desk.fill,
        desk.tally,
    )
    addresses = ["/admin/", *(list_of(kind) for kind in KINDS), *(page_of(row) for row in rows)]
    addresses += [page_of(desk.account, "history"), "/admin/search/?s=alice&extended=1"]
    addresses += [f"{list_of('accounts_exchangeaccount')}?q={SEALED[:10]}"]
    pages = [operator.get(address) for address in addresses]
    assert {page.status_code for page in pages} == {HTTPStatus.OK}
    assert not [page.request["PATH_INFO"] for page in pages if SEALED in page.content.decode()]


@pytest.mark.parametrize(
    ("kind", "lookup"),
    [
        ("accounts_exchangeaccount", "sealed_secret__startswith"),
        ("trading_position", "account__sealed_secret__startswith"),
        ("accounts_customer", "exchange_accounts__sealed_secret__gt"),
        ("accounts_customer", "members__password__startswith"),
        ("accounts_user", "password__startswith"),
    ],
)
def test_a_secret_cannot_be_guessed_through_a_filter(kind: str, lookup: str, operator: Client, desk: Desk) -> None:
    assert operator.get(f"{list_of(kind)}?{lookup}=s").status_code == HTTPStatus.BAD_REQUEST


def test_a_clerk_cannot_make_himself_a_superuser(clerk: Client) -> None:
    cleo = User.objects.get(email="cleo@test.local")
    clerk.post(page_of(cleo), {"email": cleo.email, "name": "Cleo", "is_active": "on", "is_superuser": "on"})
    cleo.refresh_from_db()
    assert cleo.name == "Cleo"
    assert not cleo.is_superuser
    assert cleo.is_staff


def test_editing_an_account_leaves_the_engines_columns_alone(operator: Client, desk: Desk) -> None:
    operator.get(page_of(desk.account))
    ExchangeAccount.objects.update(next_client_id=500)
    operator.post(page_of(desk.account), {"label": "renamed"})
    desk.account.refresh_from_db()
    assert (desk.account.label, desk.account.next_client_id) == ("renamed", 500)


def test_an_account_with_an_open_position_stays_active(operator: Client, desk: Desk) -> None:
    operator.post(page_of(desk.account), {"label": "renamed"})  # a box that is not ticked is not sent
    desk.account.refresh_from_db()
    assert (desk.account.label, desk.account.is_active) == ("renamed", True)


def test_a_flat_account_can_be_switched_off(operator: Client, desk: Desk) -> None:
    Position.objects.update(state="closed", quantity=0, closed_us=1)
    operator.post(page_of(desk.account), {"label": "renamed"})
    desk.account.refresh_from_db()
    assert not desk.account.is_active


def test_a_stopped_bot_is_stopped_on_record(operator: Client, desk: Desk) -> None:
    operator.post(list_of("trading_bot"), {"action": "stop_bots", "_selected_action": desk.bot.pk})
    desk.bot.refresh_from_db()
    assert desk.bot.status == Bot.Status.STOPPED
    assert "stopped" in operator.get(page_of(desk.bot, "history")).content.decode()


def test_a_new_bot_belongs_to_its_accounts_customer(operator: Client, desk: Desk) -> None:
    form = {
        "account": desk.account.pk,
        "market": desk.market.pk,
        "mode": "scalp",
        "status": "stopped",
        "order_quantity": "2",
        "trigger_ratio": "0.4",
        "entry_ttl_ms": "8000",
        "cool_down_ms": "2000",
        "stop_loss_bps": "30",
        "take_profit_bps": "10",
        "reversal_ratio": "0.5",
    }
    assert operator.post("/admin/trading/bot/add/", form).status_code == HTTPStatus.FOUND
    assert Bot.objects.latest("id").customer == desk.customer
