"""The demo over a recording of a real market: imported as the README says, replayed, traded."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.flows.place import REPOSITORY, Place
from tests.flows.summary_shape import misfits

pytestmark = pytest.mark.xdist_group("demo")

SHARED = Path(os.environ.get("OBIWORK_SHARED") or REPOSITORY.parent / "shared")
HYPERLIQUID = SHARED / "data" / "hyperliquid-20250904"
SYMBOL = "BTC_USDC_PERP"


@pytest.mark.skipif(not HYPERLIQUID.is_dir(), reason="the shared recordings are not beside this checkout")
def test_a_recorded_market_is_imported_and_traded(place: Place) -> None:
    imported = place.run("import", "hyperliquid-csv", str(HYPERLIQUID), "--symbol", SYMBOL, "--out", "btc")
    demo = ("demo", "--recording", "btc", "--speed", "5", "--accounts", "5", "--no-web", "--json", "out.json")
    done = place.run(*demo, "--seconds", "20")
    summary = json.loads((place.folder / "out.json").read_text())
    orders = summary["orders"]
    assert (imported.code, imported.err) == (0, "")
    assert (done.code, done.err) == (0, "")
    assert misfits(summary) == []
    assert orders["acknowledged"] >= 20
    assert (orders["unknown"], orders["duplicates"], summary["positions_unprotected"]) == (0, 0, 0)
    assert summary["exchange"]["fills"] == summary["fills"]
    assert place.left_running() == []
