"""Seed: the demo's customers, their sealed exchange accounts, and a bot each per symbol."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import cycle
from typing import Any

from django.conf import settings

from accounts.models import Customer, ExchangeAccount, Membership, User
from accounts.sealing import add_exchange_account
from signer.client import SignerClient
from trading.exchange.ports import MarketReader
from trading.execution.markets import sync_markets
from trading.models import Bot, Market

ORDER_NOTIONAL_USD = Decimal(200)
# Customers choose limits of their own, so the demo's do too: trigger (a ratio) and an entry's time to live.
LIMITS = ((0.40, 8_000), (0.30, 8_000), (0.40, 6_000), (0.50, 5_000), (0.30, 15_000))
NO_SHARD = 32_767  # nobody serves it
NAMES = ("Alice", "Bob", "Carla", "Davi", "Elena", "Fabio", "Gabi", "Hugo")


def operator(password: str) -> User:
    """Store the operator of the demo."""
    User.objects.filter(email="olga@demo.local").delete()
    return User.objects.create_superuser("olga@demo.local", password, name="Olga")


def retire_earlier_accounts() -> None:
    """Switch off the accounts of a kept database: the local exchange that they belonged to is gone."""
    ExchangeAccount.objects.update(is_active=False, shard=NO_SHARD)
    Bot.objects.update(status=Bot.Status.STOPPED)


def customers(keys: Sequence[dict[str, Any]], *, signer: SignerClient) -> list[ExchangeAccount]:
    """Store a customer with a user and an exchange account for each key of the local exchange."""
    accounts = []
    for number, key in enumerate(keys):
        name = NAMES[number % len(NAMES)] + ("" if number < len(NAMES) else f" {number // len(NAMES) + 1}")
        customer = Customer.objects.create(name=name)
        email = f"{name.lower().replace(' ', '')}@demo.local"
        user, _ = User.objects.get_or_create(email=email, defaults={"name": name})
        Membership.objects.create(customer=customer, user=user)
        accounts.append(
            add_exchange_account(
                customer,
                label=f"{name}'s paper account",
                api_secret=key["api_secret"],
                shard=number % settings.HOT_SHARDS,
                signer=signer,
            )
        )
    return accounts


def bots(
    accounts: Sequence[ExchangeAccount], symbols: Sequence[str], *, exchange: MarketReader, max_book_age_ms: int
) -> int:
    """Store the markets and a live bot per account and symbol; return how many bots."""
    sync_markets(exchange, symbols=symbols)
    Market.objects.update(max_book_age_ms=max_book_age_ms)
    prices = {mark.symbol: mark.mark_price for mark in exchange.mark_prices()}
    markets = list(Market.objects.filter(symbol__in=symbols))
    rows = [
        Bot(
            customer=account.customer,
            account=account,
            market=market,
            status=Bot.Status.LIVE,
            order_quantity=_quantity(market, prices[market.symbol]),
            trigger_ratio=trigger_ratio,
            entry_ttl_ms=entry_ttl_ms,
        )
        for account, (trigger_ratio, entry_ttl_ms) in zip(accounts, cycle(LIMITS), strict=False)
        for market in markets
    ]
    return len(Bot.objects.bulk_create(rows))


def _quantity(market: Market, price: Decimal) -> Decimal:
    grid = market.grid
    wanted = max(ORDER_NOTIONAL_USD / price, grid.min_quantity)
    return grid.quantity(grid.tradable_lots(wanted))
