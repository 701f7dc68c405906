"""Ports: who sends orders, who reads accounts and markets; with the values of `orders` and `readings`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from trading.exchange.orders import (
    MAX_CLIENT_ID,
    SIGNER_REFUSED,
    TOO_MANY_REQUESTS,
    Credentials,
    ExchangeOrder,
    OrderRequest,
    OrderStatus,
    OrderType,
    Outcome,
    OutcomeUnknown,
    Placed,
    Rejected,
    RestingKind,
    SelfTradePrevention,
    TimeInForce,
    TriggerBy,
    Unavailable,
    require_placed,
)
from trading.exchange.readings import (
    AccountInfo,
    AssetBalance,
    Collateral,
    DepthSnapshot,
    FillInfo,
    GridDepth,
    MarginFunction,
    MarketInfo,
    MarkPrice,
    PositionInfo,
)

__all__ = [
    "MAX_CLIENT_ID",
    "SIGNER_REFUSED",
    "TOO_MANY_REQUESTS",
    "AccountInfo",
    "AccountReader",
    "AssetBalance",
    "Collateral",
    "Credentials",
    "DepthSnapshot",
    "ExchangeOrder",
    "FillInfo",
    "GridDepth",
    "MarginFunction",
    "MarkPrice",
    "MarketInfo",
    "MarketReader",
    "OrderEntry",
    "OrderRequest",
    "OrderStatus",
    "OrderType",
    "Outcome",
    "OutcomeUnknown",
    "Placed",
    "PositionInfo",
    "Rejected",
    "RestingKind",
    "SelfTradePrevention",
    "TimeInForce",
    "TriggerBy",
    "Unavailable",
    "require_placed",
]


class OrderEntry(Protocol):
    """Who sends and cancels orders."""

    def place_orders(self, batch: Sequence[tuple[Credentials, OrderRequest]]) -> list[Outcome]: ...

    def place_order(self, credentials: Credentials, request: OrderRequest) -> Outcome: ...

    def cancel_order(
        self,
        credentials: Credentials,
        *,
        symbol: str,
        exchange_id: str | None = None,
        client_id: int | None = None,
    ) -> ExchangeOrder: ...

    def cancel_all(
        self, credentials: Credentials, *, symbol: str, kind: RestingKind | None = None
    ) -> list[ExchangeOrder]: ...


class AccountReader(Protocol):
    """Who answers what an account has: orders, fills, positions, money."""

    def open_orders(self, credentials: Credentials, symbol: str | None = None) -> list[ExchangeOrder]: ...

    def get_order(
        self,
        credentials: Credentials,
        *,
        symbol: str,
        exchange_id: str | None = None,
        client_id: int | None = None,
    ) -> ExchangeOrder | None: ...

    def order_history(
        self,
        credentials: Credentials,
        *,
        symbol: str | None = None,
        exchange_id: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[ExchangeOrder]: ...

    def fills(
        self,
        credentials: Credentials,
        *,
        symbol: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> list[FillInfo]: ...

    def positions(self, credentials: Credentials) -> list[PositionInfo]: ...

    def capital(self, credentials: Credentials) -> Mapping[str, AssetBalance]: ...

    def collateral(self, credentials: Credentials) -> Collateral: ...

    def account(self, credentials: Credentials) -> AccountInfo: ...


class MarketReader(Protocol):
    """Who answers what a market shows."""

    def time_ms(self) -> int: ...

    def markets(self) -> list[MarketInfo]: ...

    def depth(self, symbol: str, *, limit: int = 100) -> DepthSnapshot: ...

    def mark_prices(self, symbol: str | None = None) -> list[MarkPrice]: ...
