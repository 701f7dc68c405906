"""Fixtures of the admin's tests: an operator who is signed in, and one of every record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import Customer, ExchangeAccount, Membership, User
from trading.models import Bot, Decision, DecisionTally, Fill, Market, Order, OrderIntent, Position

SEALED = "sealed-text-that-nobody-may-see"
OPENED_US = 1_700_000_000_123_456


@dataclass(slots=True)
class Desk:
    """One customer with an account, a bot, and everything that it has done."""

    customer: Customer
    account: ExchangeAccount
    market: Market
    bot: Bot
    decision: Decision
    position: Position
    intent: OrderIntent
    order: Order
    fill: Fill
    tally: DecisionTally


@pytest.fixture
def market(db: None) -> Market:
    return Market.objects.create(
        symbol="SOL_USDC_PERP", tick_size=Decimal("0.01"), step_size=Decimal("0.01"), min_quantity=Decimal("0.01")
    )


@pytest.fixture
def desk_of(market: Market) -> Callable[[str], Desk]:
    """Store a customer's desk with an open position that its stop covers."""

    def make(name: str) -> Desk:
        customer = Customer.objects.create(name=name)
        account = ExchangeAccount.objects.create(
            customer=customer, label=f"{name}'s account", api_key=f"key-of-{name}", sealed_secret=SEALED
        )
        owned = {"customer": customer, "account": account, "market": market}
        bot = Bot.objects.create(**owned, status=Bot.Status.LIVE, order_quantity=Decimal("1.5"))
        decision = Decision.objects.create(
            customer=customer,
            bot=bot,
            market=market,
            approved=True,
            reason="obi_beyond_trigger",
            obi=0.51,
            book_sequence=7,
            book_age_ms=12.5,
            exchange_us=OPENED_US,
        )
        position = Position.objects.create(
            **owned,
            bot=bot,
            side="Bid",
            state="protected",
            quantity=Decimal("1.5"),
            entry_quantity=Decimal("1.5"),
            entry_notional=Decimal("225.15"),
            stop_price=Decimal("149.65"),
            covered_quantity=Decimal("1.5"),
            opened_us=OPENED_US,
            opened_received_ns=OPENED_US * 1_000,
            naked_max_us=4_200,
        )
        intent = OrderIntent.objects.create(
            **owned,
            bot=bot,
            position=position,
            decision=decision,
            client_id=1,
            purpose="entry",
            side="Bid",
            order_type="Limit",
            price=Decimal("150.10"),
            quantity=Decimal("1.5"),
            post_only=True,
            stop_loss_price=Decimal("149.65"),
            state="acknowledged",
            is_live=False,
        )
        order = Order.objects.create(
            **owned,
            intent=intent,
            position=position,
            exchange_id=f"at-exchange-{name}",
            side="Bid",
            order_type="Limit",
            status="Filled",
            price=Decimal("150.10"),
            quantity=Decimal("1.5"),
            executed_quantity=Decimal("1.5"),
            placed_us=OPENED_US,
            updated_us=OPENED_US,
        )
        fill = Fill.objects.create(
            **owned,
            order=order,
            position=position,
            trade_id=142,
            side="Bid",
            price=Decimal("150.10"),
            quantity=Decimal("1.5"),
            fee=Decimal("0.04503"),
            fee_asset="USDC",
            is_maker=True,
            engine_us=OPENED_US,
        )
        tally = DecisionTally.objects.create(
            customer=customer, bot=bot, approved=False, reason="obi_within_trigger", count=99
        )
        return Desk(customer, account, market, bot, decision, position, intent, order, fill, tally)

    return make


@pytest.fixture
def desk(desk_of: Callable[[str], Desk]) -> Desk:
    return desk_of("Alice")


@pytest.fixture
def operator(db: None) -> Client:
    """Return a browser in which a superuser reads English."""
    return _signed_in(User.objects.create_superuser("olga@test.local", "a long password", name="Olga"))


@pytest.fixture
def clerk(db: None) -> Client:
    """Return a browser of a staff member who may edit users and nothing else."""
    user = User.objects.create_user("cleo@test.local", "a long password", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=("view_user", "change_user")))
    return _signed_in(user)


@pytest.fixture
def customer_browser(desk: Desk) -> Client:
    """Return a browser of a customer, who is no operator."""
    user = User.objects.create_user("alice@test.local", "a long password")
    Membership.objects.create(customer=desk.customer, user=user)
    return _signed_in(user)


def _signed_in(user: User) -> Client:
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(user)
    return browser
