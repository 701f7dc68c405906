"""The shape of a run's summary, as people's scripts rely on it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

_SAMPLES = {"p50": 1, "p95": 20, "p99": 100, "max": 1}
_TAILS = {"naked_ms": ("p50", "p99", "max")}
_ALL_TAILS = ("p50", "p95", "p99", "max")

COUNTS = (
    *("market_events", "evaluations", "fills", "round_trips", "positions_open", "positions_unprotected"),
    *("self_trades", "cross_tenant_entry_trades", "cross_tenant_exit_trades"),
)
ORDER_COUNTS = ("sent", "acknowledged", "rejected", "unknown", "duplicates")
AMOUNTS = ("volume_usd", "fees_usd", "pnl_gross_usd", "pnl_net_usd")
DISTRIBUTIONS = ("naked_ms", "tick_to_order_ms", "trigger_to_order_ms")


def misfits(summary: dict[str, Any]) -> list[str]:
    """Return what does not fit the contract; nothing when it is kept. More keys than asked for are welcome."""
    return [
        *_not_counts(summary, COUNTS),
        *_not_counts(summary.get("orders", {}), ORDER_COUNTS, where="orders."),
        *_not_counts(summary.get("decisions", {}), ("approved", "vetoed"), where="decisions."),
        *_not_vetoes(summary.get("decisions", {})),
        *(f"{key} is no amount as text" for key in AMOUNTS if not _is_amount(summary.get(key))),
        *_not_cost(summary),
        *(f"{key}.{what}" for key in DISTRIBUTIONS for what in _not_distribution(summary.get(key, {}), key)),
        *(() if isinstance(summary.get("seconds"), float) else ("seconds is no float",)),
    ]


def _not_counts(values: dict[str, Any], keys: tuple[str, ...], *, where: str = "") -> list[str]:
    return [f"{where}{key} is no count: {values.get(key)!r}" for key in keys if type(values.get(key)) is not int]


def _not_vetoes(decisions: dict[str, Any]) -> list[str]:
    reasons = decisions.get("vetoes_by_reason")
    fits = isinstance(reasons, dict) and sum(reasons.values()) == decisions["vetoed"]
    return [] if fits else ["decisions.vetoes_by_reason does not add up to decisions.vetoed"]


def _not_cost(summary: dict[str, Any]) -> list[str]:
    """A cost per volume exists exactly where there is a volume."""
    cost = summary.get("cost_per_million_usd", "missing")
    fits = cost is None if summary.get("volume_usd") == "0" else _is_amount(cost)
    return [] if fits else [f"cost_per_million_usd is {cost!r}"]


def _not_distribution(figures: dict[str, Any], key: str) -> list[str]:
    """A figure is there exactly where the samples suffice for it."""
    count = figures.get("count")
    if type(count) is not int:
        return ["count is no count"]
    return [
        f"{name} of {count} samples is {figures.get(name, 'missing')!r}"
        for name in _TAILS.get(key, _ALL_TAILS)
        if not _fits(figures.get(name, "missing"), is_known=count >= _SAMPLES[name])
    ]


def _fits(figure: object, *, is_known: bool) -> bool:
    return type(figure) is float if is_known else figure is None


def _is_amount(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return Decimal(value).is_finite() and "E" not in value.upper()
    except InvalidOperation:
        return False
