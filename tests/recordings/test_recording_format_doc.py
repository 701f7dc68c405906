"""The page on the recording format names what there is, and its example reads a recording."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from recordings.columns import SCHEMA
from recordings.events import BookUpdate, Trade
from recordings.importers import IMPORTERS
from recordings.writer import RecordingWriter

PAGE = (Path(__file__).parents[2] / "docs" / "recording-format.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("field", list(SCHEMA), ids=lambda field: field.name)
def test_every_column_is_documented_with_its_type(field: Any) -> None:
    assert f"| `{field.name}` | {field.type} |" in PAGE


@pytest.mark.parametrize("kind", sorted(IMPORTERS))
def test_every_kind_is_documented(kind: str) -> None:
    assert f"### `{kind}`" in PAGE


def test_the_example_rebuilds_the_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RecordingWriter(tmp_path / "recording", source_kind="test") as writer:
        market = writer.add_market(
            "BTC_USDC_PERP", tick_size=Decimal("0.1"), step_size=Decimal("0.001"), depth=0, source="a test"
        )
        market.append(BookUpdate(1, True, ((100, 5), (99, 7)), ((101, 6),)))
        market.append(Trade(2, 100, 5, True))
        market.append(BookUpdate(2, False, ((100, 0),), ((101, 4),)))
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}

    exec(example, names)

    assert names["best_bid"] == (Decimal("9.9"), Decimal("0.007"))
    assert names["best_ask"] == (Decimal("10.1"), Decimal("0.004"))
