"""The exchange's many ways of writing a time."""

from __future__ import annotations

from datetime import UTC, datetime


def iso_ms(at_us: int) -> str:
    """Return naive UTC with milliseconds, as history rows carry it."""
    return _at(at_us).isoformat(timespec="milliseconds").removesuffix("+00:00")


def spaced_seconds(at_us: int) -> str:
    """Return naive UTC with a space, as candles carry it."""
    return _at(at_us).strftime("%Y-%m-%d %H:%M:%S")


def iso_seconds(at_us: int) -> str:
    """Return naive UTC in whole seconds, as funding rows carry it."""
    return _at(at_us).strftime("%Y-%m-%dT%H:%M:%S")


def _at(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / 1e6, tz=UTC)
