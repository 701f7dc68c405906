"""`manage.py sync_markets`: take the markets and their grids from the exchange."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from trading.exchange.errors import ExchangeError
from trading.execution.clients import exchange_client
from trading.execution.markets import sync_markets


class Command(BaseCommand):
    """Store the markets of the exchange."""

    help = "Store the exchange's markets with their tick, step and minimum."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--symbol", action="append", default=[], help="repeatable; default: every perpetual")

    def handle(self, **options: Any) -> None:
        """Ask once and store."""
        try:
            stored = sync_markets(exchange_client(), symbols=options["symbol"])
        except ExchangeError as error:
            raise CommandError(f"the exchange does not tell its markets: {error}") from error
        if not stored:
            raise CommandError("the exchange has none of these markets")
        self.stdout.write(f"markets stored: {', '.join(stored)}")
