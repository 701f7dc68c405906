"""View: the demo's live terminal; plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from redis import Redis
from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from obiwork_project.demo.figures import Figures, MarketLine, read_figures
from trading.board.keys import Keys
from trading.core.units import Side
from trading.models import Decision
from trading.selectors import longest_gap_ms

REFRESH_S = 1.0
PLAIN_EVERY_S = 5.0
GAUGE_CELLS = 21


class View:
    """Shows OBI, decisions, orders, positions with their stops, naked time and latency while it is open."""

    def __init__(self, *, symbols: Sequence[str], redis: Redis, keys: Keys) -> None:
        self._symbols, self._redis, self._keys = symbols, redis, keys
        self._console = Console()
        self._started = time.monotonic()
        self._next_at = 0.0
        self._live = Live(console=self._console, auto_refresh=False) if self._console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def step(self) -> None:
        """Show the newest figures when the last ones are old enough."""
        now = time.monotonic()
        if now < self._next_at:
            return
        self._next_at = now + (REFRESH_S if self._live is not None else PLAIN_EVERY_S)
        figures = read_figures(self._symbols, redis=self._redis, keys=self._keys)
        seconds = now - self._started
        if self._live is not None:
            self._live.update(screen(figures, seconds=seconds), refresh=True)
        else:
            self._console.print(plain_line(figures, seconds=seconds), highlight=False, soft_wrap=True)


def plain_line(figures: Figures, *, seconds: float) -> str:
    """Return the figures on one line."""
    books = "  ".join(f"{line.symbol} {_obi(line)}" for line in figures.markets)
    orders = " ".join(f"{state} {count}" for state, count in figures.orders.items()) or "none yet"
    return (
        f"{seconds:6.1f}s  OBI {books}  | orders {orders} | open {figures.positions_open} "
        f"| round trips {figures.round_trips} | naked max {_ms(figures.naked_max_ms)} "
        f"| tick to order p50 {_ms(figures.tick_to_order_p50_ms)}"
    )


def screen(figures: Figures, *, seconds: float) -> Group:
    """Return the whole screen."""
    head = Text.assemble(
        ("OBIWORK ", "bold green"),
        (f"paper · {seconds:.0f} s · round trips {figures.round_trips} · ", "dim"),
        (f"naked max {_ms(figures.naked_max_ms)} · ", "yellow" if figures.naked_max_ms else "dim"),
        (f"tick to order p50 {_ms(figures.tick_to_order_p50_ms)}", "cyan"),
    )
    return Group(
        head,
        Columns([_markets(figures.markets), _orders(figures)], padding=(0, 1)),
        _positions(figures),
        _decisions(figures.decisions),
    )


def print_summary(summary: dict[str, Any]) -> None:
    """Print the summary as a table; a figure that the run does not have is a dash."""
    table = Table(title="Summary", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column(justify="right")
    for key, value in summary.items():
        table.add_row(key, _cell(value))
    Console().print(table)


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{name} {_cell(inner)}" for name, inner in value.items()) or "–"
    return "–" if value is None else str(value)


def _markets(lines: Sequence[MarketLine]) -> Panel:
    table = Table(box=None, show_header=True, header_style="dim")
    for name in ("symbol", "bid", "ask", "OBI", "", "age"):
        table.add_column(name, justify="right" if name in ("bid", "ask", "age") else "left")
    for line in lines:
        table.add_row(line.symbol, line.bid, line.ask, _obi(line), _gauge(line.obi), _ms(line.age_ms))
    return Panel(table, title="order books", title_align="left")


def _orders(figures: Figures) -> Panel:
    table = Table(box=None, show_header=False)
    for state, count in figures.orders.items():
        table.add_row(state, str(count))
    return Panel(table if figures.orders else Text("none yet", style="dim"), title="orders", title_align="left")


def _positions(figures: Figures) -> Panel:
    table = Table(box=None, header_style="dim", expand=True)
    for name in ("customer", "symbol", "side", "quantity", "entry", "stop", "covered", "state", "naked"):
        table.add_column(name)
    for position in figures.positions:
        protected = position.covered_quantity >= position.quantity
        table.add_row(
            position.customer.name,
            position.market.symbol,
            "long" if position.side == Side.BID.value else "short",
            f"{position.quantity.normalize():f}",
            f"{position.holding.entry_price:.2f}",
            "by hand" if position.stop_price is None else f"{position.stop_price.normalize():f}",
            Text(f"{position.covered_quantity.normalize():f}", style="green" if protected else "bold red"),
            position.state,
            _ms(longest_gap_ms(position)),
        )
    left_out = figures.positions_open - len(figures.positions)
    title = "open positions" if left_out <= 0 else f"open positions, {left_out} more not shown"
    return Panel(table if figures.positions else Text("flat", style="dim"), title=title, title_align="left")


def _decisions(decisions: Sequence[Decision]) -> Panel:
    table = Table(box=None, show_header=False)
    for decision in decisions:
        verdict = {True: "[green]approved", False: "[yellow]vetoed", None: "[dim]managing"}[decision.approved]
        table.add_row(
            decision.created_at.strftime("%H:%M:%S"),
            decision.bot.customer.name,
            decision.market.symbol,
            verdict,
            decision.reason,
            "" if decision.obi is None else f"{decision.obi:+.2f}",
        )
    return Panel(table, title="newest decisions", title_align="left")


def _gauge(obi: float | None) -> Text:
    """Return a bar from -1 to +1 with its needle."""
    cells = ["─"] * GAUGE_CELLS
    middle = GAUGE_CELLS // 2
    cells[middle] = "┼"
    if obi is None:
        return Text("".join(cells), style="dim")
    needle = middle + round(obi * middle)
    low, high = sorted((middle, needle))
    cells[low : high + 1] = ["━"] * (high + 1 - low)
    cells[needle] = "●"
    return Text("".join(cells), style="green" if obi > 0 else "red")


def _obi(line: MarketLine) -> str:
    return "–" if line.obi is None else f"{line.obi:+.2f}"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} ms"
