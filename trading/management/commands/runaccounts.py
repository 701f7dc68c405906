"""`manage.py runaccounts`: take the private streams of a shard's accounts and keep their positions protected."""

from __future__ import annotations

import queue
import threading
from typing import Any

from celery.exceptions import OperationalError
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from accounts.models import ExchangeAccount
from trading.exchange.backpack.streams import Stream
from trading.execution.accounts_worker import AccountsWorker
from trading.execution.clients import credentials_of, exchange_client, redis_client, redis_keys
from trading.execution.reconciliation import Reconciler
from trading.execution.stream_readers import Message, StreamReader
from trading.management.processes import stop_on_signals
from trading.tasks import protect_position, protector


def protect_later(position_id: int) -> None:
    """Enqueue protection. Raises: OSError when the broker cannot be reached."""
    try:
        protect_position.apply_async(kwargs={"position_id": position_id}, retry=False)
    except OperationalError as error:
        raise ConnectionError(f"the broker cannot be reached: {error}") from error


class Command(BaseCommand):
    """Run the accounts process of one shard."""

    help = "Follow the private streams of a shard's accounts, store what they show, protect what is uncovered."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shard", type=int, default=0)

    def handle(self, **options: Any) -> None:
        """Run until SIGTERM or Ctrl-C."""
        stop = threading.Event()
        stop_on_signals(stop)
        exchange = exchange_client()

        def reader(account: ExchangeAccount, messages: queue.SimpleQueue[Message]) -> StreamReader:
            return StreamReader(
                account_id=account.pk,
                connect=lambda: Stream.connect(settings.EXCHANGE_WS_URL),
                # the newest row: a key may have been replaced since
                sign_subscription=lambda: exchange.subscribe_signature(credentials_of(worker.accounts[account.pk])),
                messages=messages,
                stop=stop,
            )

        worker = AccountsWorker(
            shard=options["shard"],
            redis=redis_client(),
            keys=redis_keys(),
            exchange=exchange,
            reconciler=Reconciler(
                exchange=exchange, window_ms=settings.EXCHANGE_WINDOW_MS, speed=settings.MARKET_SPEED
            ),
            protector=protector(),
            protect_later=protect_later,
            make_reader=reader,
            speed=settings.MARKET_SPEED,
        )
        self.stdout.write(f"accounts ready: shard {options['shard']}")
        worker.run(stop)
