"""Pauses between tries, and rules that cannot contradict themselves."""

from __future__ import annotations

import pytest

from trading.feed.backoff import Backoff
from trading.feed.rules import FeedRules


def test_pauses_double_up_to_the_cap_and_begin_anew_after_a_success() -> None:
    backoff = Backoff(first_ms=100, cap_ms=350, random=lambda: 1.0)

    assert [backoff.next_ms() for _ in range(4)] == [100, 200, 350, 350]
    backoff.reset()
    assert backoff.next_ms() == 100


def test_chance_takes_away_up_to_half_of_a_pause() -> None:
    assert Backoff(first_ms=100, cap_ms=100, random=lambda: 0.0).next_ms() == 50


def test_a_thousand_failures_do_not_overflow_a_pause() -> None:
    backoff = Backoff(first_ms=100, cap_ms=10_000, random=lambda: 1.0)

    assert [backoff.next_ms() for _ in range(1_000)][-1] == 10_000


def test_a_snapshot_no_deeper_than_what_is_published_is_refused() -> None:
    with pytest.raises(ValueError, match="depth"):
        FeedRules(depth=20, snapshot_limit=20)


def test_a_lease_that_ends_between_heartbeats_is_refused() -> None:
    with pytest.raises(ValueError, match="lease"):
        FeedRules(lease_ms=400, heartbeat_ms=250)
