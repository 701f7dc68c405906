"""`manage.py runfeed`: follow the books of a group of symbols and ask for evaluations."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from typing import Any

from celery.exceptions import OperationalError
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from redis import Redis

from trading.board.errors import EnqueueFailed
from trading.core.units import MarketGrid
from trading.execution.clients import exchange_client, redis_keys
from trading.feed.backpack import BackpackDecoder, backpack_streams
from trading.feed.wiring import FeedSources, FeedTargets
from trading.feed.worker import FeedWorker
from trading.management.processes import stop_on_signals
from trading.models import Market
from trading.tasks import HOT_QUEUE, evaluate_market

REDIS_TIMEOUT_S = 2.0


def enqueue(*, symbol: str, shard: int) -> None:
    """Ask the shard's worker for an evaluation. Raises: EnqueueFailed when the broker cannot be reached."""
    try:
        evaluate_market.apply_async(kwargs={"symbol": symbol, "shard": shard}, queue=f"{HOT_QUEUE}{shard}", retry=False)
    except OperationalError as error:
        raise EnqueueFailed(f"{symbol} shard {shard}: {error}") from error


class Command(BaseCommand):
    """Run the feed of the given symbols, or of every active market."""

    help = "Follow order books, publish snapshots to Redis, ask for evaluations."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--symbol", action="append", default=[], help="repeatable; default: every active market")

    def handle(self, **options: Any) -> None:
        """Run until SIGTERM or Ctrl-C."""
        grids = _grids(options["symbol"])
        exchange = exchange_client()
        worker = FeedWorker(
            grids=grids,
            sources=FeedSources(
                open_stream=backpack_streams(settings.EXCHANGE_WS_URL),
                reader=exchange,
                decoder=BackpackDecoder(),
            ),
            targets=FeedTargets(
                redis=Redis.from_url(settings.REDIS_URL, socket_timeout=REDIS_TIMEOUT_S),
                shards=lambda _symbol: range(settings.HOT_SHARDS),
                enqueue=enqueue,
                keys=redis_keys(),
            ),
            owner=f"{socket.gethostname()}:{os.getpid()}",
        )
        stop_on_signals(worker.stop)
        self.stdout.write(f"feed ready: {', '.join(grids)}")
        worker.run()


def _grids(symbols: Sequence[str]) -> dict[str, MarketGrid]:
    markets = Market.objects.filter(is_active=True)
    if symbols:
        markets = markets.filter(symbol__in=symbols)
    grids = {market.symbol: market.grid for market in markets}
    missing = sorted(set(symbols) - set(grids))
    if missing:
        raise CommandError(f"no active market {', '.join(missing)}: run `manage.py sync_markets` first")
    if not grids:
        raise CommandError("no active market: run `manage.py sync_markets` first")
    return grids
