"""Scalp: what a bot does on books that are good, old, polled, broken or turned against it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.core.book import BookView
from trading.core.strategies.actions import (
    BotView,
    CancelEntry,
    ExitPosition,
    MarketView,
    OpenPosition,
    PlaceEntry,
    PlaceTakeProfit,
    RestingEntry,
)
from trading.core.strategies.scalp import ScalpParams, decide
from trading.core.units import Side

PARAMS = ScalpParams()
NOW_US = 1_000_000_000


def market(bids: int, asks: int, **changes: object) -> MarketView:
    """Return a market whose best levels hold so many lots, at 100,000 and 100,001 ticks."""
    view = MarketView(
        book=BookView(bids=((100_000, bids),), asks=((100_001, asks),)),
        book_is_proven=True,
        book_is_live=True,
        age_ms=10.0,
        max_age_ms=500.0,
        now_us=NOW_US,
    )
    return view._replace(**changes)


FLAT = BotView(
    entry=None,
    entry_in_flight=False,
    position=None,
    order_lots=5,
    entries_allowed=True,
    last_closed_us=None,
    last_entry_us=None,
    entry_rejections=0,
)
LONG = OpenPosition(
    position_id=7,
    side=Side.BID,
    lots=5,
    entry_ticks=100_000.0,
    opened_us=NOW_US - 1,
    is_exiting=False,
    take_profit_lots=0,
    mark_beyond_stop_since_us=None,
)
RESTING = RestingEntry(order_id=3, side=Side.BID, price_ticks=100_000, placed_us=NOW_US - 1)


def test_bids_beyond_the_trigger_are_joined_with_a_stop_inside() -> None:
    verdict = decide(PARAMS, market(bids=8, asks=2), FLAT)  # OBI 0.6

    assert verdict.approved is True
    assert verdict.actions == (PlaceEntry(Side.BID, 100_000, 5, 99_700),)


def test_asks_beyond_the_trigger_are_joined_with_a_stop_above() -> None:
    verdict = decide(PARAMS, market(bids=2, asks=8), FLAT)

    assert verdict.actions == (PlaceEntry(Side.ASK, 100_001, 5, 100_301),)


def test_an_imbalance_at_the_trigger_is_not_beyond_it() -> None:
    verdict = decide(PARAMS, market(bids=7, asks=3), FLAT)  # OBI exactly 0.4

    assert (verdict.approved, verdict.reason, verdict.actions) == (False, "obi_within_trigger", ())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"book_is_proven": False}, "book_not_proven"),
        ({"book_is_live": False}, "book_polled"),
        ({"age_ms": 501.0}, "book_stale"),
        ({"book": BookView(bids=(), asks=())}, "book_empty"),
    ],
)
def test_no_entry_without_a_proven_live_and_fresh_book_and_a_resting_one_is_cancelled(
    changes: dict[str, object], reason: str
) -> None:
    verdict = decide(PARAMS, market(8, 2, **changes), FLAT._replace(entry=RESTING))

    assert (verdict.approved, verdict.reason) == (False, reason)
    assert verdict.actions == (CancelEntry(3),)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"entries_allowed": False}, "entries_stopped"),
        ({"entry_in_flight": True}, "entry_in_flight"),
        ({"order_lots": None}, "order_below_minimum"),
        ({"last_closed_us": NOW_US - 1_999_000}, "cooling_down"),
        ({"entry_rejections": 3, "last_entry_us": NOW_US - 1_000}, "repriced_often_enough"),
    ],
)
def test_an_entry_is_refused_with_its_reason(changes: dict[str, object], reason: str) -> None:
    verdict = decide(PARAMS, market(8, 2), FLAT._replace(**changes))

    assert (verdict.approved, verdict.reason, verdict.actions) == (False, reason, ())


def test_a_book_without_one_side_opens_nothing_and_still_closes() -> None:
    asks_only = market(1, 1, book=BookView(bids=(), asks=((100_001, 9),)))

    assert decide(PARAMS, asks_only, FLAT).reason == "book_one_sided"
    assert decide(PARAMS, asks_only, FLAT._replace(position=LONG)).actions == (ExitPosition(7, "obi_reversed"),)


def test_an_entry_whose_signal_has_gone_is_cancelled() -> None:
    verdict = decide(PARAMS, market(bids=39, asks=61), FLAT._replace(entry=RESTING))  # OBI -0.22

    assert (verdict.reason, verdict.actions) == ("signal_gone", (CancelEntry(3),))


def test_an_entry_whose_signal_only_fades_keeps_its_place_in_the_queue() -> None:
    verdict = decide(PARAMS, market(bids=41, asks=59), FLAT._replace(entry=RESTING))  # OBI -0.18

    assert (verdict.reason, verdict.actions) == ("entry_resting", ())


def test_a_resting_entry_is_cancelled_where_entries_are_stopped() -> None:
    verdict = decide(PARAMS, market(8, 2), FLAT._replace(entry=RESTING, entries_allowed=False))

    assert (verdict.reason, verdict.actions) == ("entries_stopped", (CancelEntry(3),))


def test_an_entry_past_its_time_to_live_is_cancelled() -> None:
    old = RESTING._replace(placed_us=NOW_US - 8_000_001)

    verdict = decide(PARAMS, market(8, 2), FLAT._replace(entry=old))

    assert (verdict.reason, verdict.actions) == ("entry_timed_out", (CancelEntry(3),))


def test_a_position_gets_its_take_profit() -> None:
    verdict = decide(PARAMS, market(8, 2), FLAT._replace(position=LONG))

    assert verdict.actions == (PlaceTakeProfit(7, Side.ASK, 100_100, 5),)


def test_a_take_profit_is_placed_for_what_is_missing_only() -> None:
    verdict = decide(PARAMS, market(8, 2), FLAT._replace(position=LONG._replace(take_profit_lots=3)))

    assert verdict.actions == (PlaceTakeProfit(7, Side.ASK, 100_100, 2),)


def test_a_take_profit_never_crosses_a_market_that_has_gone_beyond_it() -> None:
    cheap = LONG._replace(entry_ticks=90_000.0)

    verdict = decide(PARAMS, market(8, 2), FLAT._replace(position=cheap))

    assert verdict.actions == (PlaceTakeProfit(7, Side.ASK, 100_001, 5),)


def test_a_position_whose_imbalance_turns_is_closed_and_its_entry_cancelled() -> None:
    verdict = decide(PARAMS, market(2, 8), FLAT._replace(position=LONG, entry=RESTING))  # OBI -0.6

    assert verdict.actions == (CancelEntry(3), ExitPosition(7, "obi_reversed"))


def test_a_position_that_is_exiting_is_not_closed_twice() -> None:
    verdict = decide(PARAMS, market(2, 8), FLAT._replace(position=LONG._replace(is_exiting=True)))

    assert verdict.actions == ()


def test_a_polled_book_may_close_a_position() -> None:
    verdict = decide(PARAMS, market(2, 8, book_is_live=False), FLAT._replace(position=LONG))

    assert verdict.actions == (ExitPosition(7, "obi_reversed"),)


@pytest.mark.parametrize("changes", [{"book_is_proven": False}, {"age_ms": 501.0}])
def test_a_bad_book_decides_nothing_about_a_position(changes: dict[str, object]) -> None:
    verdict = decide(PARAMS, market(2, 8, **changes), FLAT._replace(position=LONG))

    assert (verdict.reason, verdict.actions) == ("position_kept_without_book", ())


def test_a_stop_that_does_not_fire_is_replaced_by_a_close_even_without_a_book() -> None:
    stuck = LONG._replace(mark_beyond_stop_since_us=NOW_US - 1_000_001)

    verdict = decide(PARAMS, market(8, 2, book_is_proven=False), FLAT._replace(position=stuck))

    assert verdict.actions == (ExitPosition(7, "stop_not_honoured"),)


@given(bids=st.integers(1, 1_000), asks=st.integers(1, 1_000))
def test_a_mirrored_book_gives_the_mirrored_entry(bids: int, asks: int) -> None:
    straight = decide(PARAMS, market(bids, asks), FLAT)
    mirrored = decide(PARAMS, market(asks, bids), FLAT)

    assert straight.approved == mirrored.approved
    assert straight.obi == -(mirrored.obi or 0.0)
    assert {action.side for action in straight.actions if isinstance(action, PlaceEntry)} == {
        action.side.opposite for action in mirrored.actions if isinstance(action, PlaceEntry)
    }
