"""One run of the demo, once Django is ready: seed, watch, wind down, sum up."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings

from obiwork_project.demo import seed
from obiwork_project.demo.errors import DemoError
from obiwork_project.demo.options import DemoOptions
from obiwork_project.demo.summary import summary_of
from obiwork_project.demo.view import View, print_summary
from obiwork_project.supervisor import Supervisor
from trading.core.orders import IntentState
from trading.exchange.errors import ExchangeError
from trading.execution.clients import exchange_client, redis_client, redis_keys, signer_client
from trading.models import Bot, OrderIntent
from trading.selectors import Run, evaluation_count

FIRST_PRICE_PATIENCE_S = 20.0
SETTLE_PATIENCE_S = 8.0
CATCH_UP_PATIENCE_S = 3.0


@dataclass(slots=True)
class DemoRun:
    """A run over prepared services. `keys` are the accounts that the local exchange has made."""

    options: DemoOptions
    keys: Sequence[dict[str, Any]]
    shards: int
    covered: Run | None = None

    def seed(self, *, operator_password: str, max_book_age_ms: int) -> None:
        """Store operator, customers, sealed accounts, markets and bots."""
        seed.operator(operator_password)
        seed.retire_earlier_accounts()
        accounts = seed.customers(self.keys, signer=signer_client())
        self.covered = Run({account.pk for account in accounts}, evaluation_count())
        exchange = exchange_client()
        self._wait_for_prices()
        seed.bots(accounts, self.options.symbols, exchange=exchange, max_book_age_ms=max_book_age_ms)

    def watch(self, supervisor: Supervisor) -> int:
        """Show the system at work until the time is over or somebody stops it; return the exit code."""
        started = time.monotonic()
        with View(symbols=self.options.symbols, redis=redis_client(), keys=redis_keys()) as view:
            stopped = supervisor.watch(seconds=self.options.seconds, each_step=view.step)
        if stopped and self.options.seconds is not None:
            print("stopped early", flush=True)
        seconds = time.monotonic() - started
        self._wind_down()
        summary = self._sum_up(seconds)
        print_summary(summary)
        if self.options.json_path is not None:
            self.options.json_path.write_text(json.dumps(summary, indent=2) + "\n")
        return 0

    def _wind_down(self) -> None:
        """Stop entries, and wait until no order is on its way; positions keep their stops at the exchange."""
        Bot.objects.update(status=Bot.Status.STOPPED)
        on_their_way = OrderIntent.objects.filter(
            state__in=[IntentState.PENDING.value, IntentState.SENDING.value, IntentState.UNKNOWN.value]
        )
        deadline = time.monotonic() + SETTLE_PATIENCE_S
        time.sleep(0.5)  # what has been decided already is stored by now
        while on_their_way.exists() and time.monotonic() < deadline:
            time.sleep(0.1)

    def _sum_up(self, seconds: float) -> dict[str, Any]:
        """Return the summary once our rows have caught up with the exchange's fills; the last one if they do not."""
        deadline = time.monotonic() + CATCH_UP_PATIENCE_S
        while True:
            summary = summary_of(
                self._run(), seconds=seconds, ledger=self._ledger(), redis=redis_client(), keys=redis_keys()
            )
            if summary["fills"] == summary["exchange"]["fills"] or time.monotonic() > deadline:
                return summary
            time.sleep(0.1)

    def _run(self) -> Run:
        if self.covered is None:
            raise DemoError("nothing was seeded, so there is nothing to sum up")
        return self.covered

    def _wait_for_prices(self) -> None:
        deadline = time.monotonic() + FIRST_PRICE_PATIENCE_S
        missing = set(self.options.symbols)
        while missing and time.monotonic() < deadline:
            try:
                missing -= {mark.symbol for mark in exchange_client().mark_prices()}
            except ExchangeError as error:
                raise DemoError(f"the local exchange gives no prices: {error}") from error
            if missing:
                time.sleep(0.1)
        if missing:
            raise DemoError(f"no price of {', '.join(sorted(missing))}: are they perpetuals of the recording?")

    def _ledger(self) -> dict[str, Any]:
        answer = requests.get(f"{settings.EXCHANGE_REST_URL}/sandbox/ledger", timeout=20)
        answer.raise_for_status()
        ledger: dict[str, Any] = answer.json()
        return ledger
