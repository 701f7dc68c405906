"""A market's rules: grid, filters, fees and margin functions. Source of the figures: recorded `GET /markets` rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from sandbox.engine.money import MONEY_DECIMALS, fixed_text, trimmed_text

PERP = "PERP"
SPOT = "SPOT"
_MAX_TEXTS = 100_000


@dataclass(frozen=True, slots=True)
class MarginFunction:
    """Margin as a share of notional: `max(base, factor * sqrt(notional))`."""

    base: Decimal
    factor: Decimal

    def ratio(self, notional: Decimal) -> Decimal:
        """Return the margin ratio of a notional in quote currency."""
        return max(self.base, self.factor * notional.sqrt())


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRules:
    """What differs from market to market apart from its grid; the defaults are those of most perpetuals."""

    max_price: str | None = "1000000"
    band: tuple[str, str] = ("1.1", "0.9")
    premium_tolerance: str | None = "0.05"
    impact: tuple[str, str] = ("1.01", "0.99")
    update: tuple[str, str] = ("1.0025", "0.9975")
    reach: tuple[str, str] = ("2", "0.25")
    borrow_entry_fee: tuple[str, str] | None = None
    imf: MarginFunction | None = MarginFunction(Decimal("0.02"), Decimal("0.000075"))
    mmf: MarginFunction | None = MarginFunction(Decimal("0.0135"), Decimal("0.0000375"))
    open_interest_limit: str | None = "4000000"


_SPOT_RULES = MarketRules(
    max_price="1000000",
    band=("1.03", "0.97"),
    premium_tolerance=None,
    borrow_entry_fee=("1.01", "0.99"),
    imf=None,
    mmf=None,
    open_interest_limit="0",
)
_KNOWN_RULES = {
    "BTC_USDC_PERP": MarketRules(
        band=("1.06", "0.94"),
        imf=MarginFunction(Decimal("0.01333333"), Decimal("0.00002494")),
        mmf=MarginFunction(Decimal("0.00666667"), Decimal("0.00001496")),
        open_interest_limit="4000",
    ),
    "ETH_USDC_PERP": MarketRules(
        band=("1.09", "0.92"),
        imf=MarginFunction(Decimal("0.02"), Decimal("0.00004214")),
        mmf=MarginFunction(Decimal("0.01111111"), Decimal("0.00002528")),
        open_interest_limit="64000",
    ),
    "SOL_USDC_PERP": MarketRules(max_price="1000"),
}


def rules_of(symbol: str) -> MarketRules:
    """Return the recorded rules of a market, or those of a typical perpetual or spot market."""
    known = _KNOWN_RULES.get(symbol)
    if known is not None:
        return known
    return MarketRules() if symbol.endswith("_PERP") else _SPOT_RULES


@dataclass(slots=True, kw_only=True)
class MarketSpec:
    """One market: its grid in exact integers, and its rules.

    `depth` is the number of levels a side that the market data keeps, 0 for the whole book.
    """

    symbol: str
    tick_size: Decimal
    step_size: Decimal
    depth: int = 0
    rules: MarketRules = field(default_factory=MarketRules)
    base: str = field(init=False)
    quote: str = field(init=False)
    is_perp: bool = field(init=False)
    price_decimals: int = field(init=False)
    quantity_decimals: int = field(init=False)
    tick_units: int = field(init=False)
    step_units: int = field(init=False)
    value_unit: int = field(init=False)
    lot_money: int = field(init=False)
    _price_texts: dict[int, str] = field(init=False, default_factory=dict)
    _quantity_texts: dict[int, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        parts = self.symbol.split("_")
        self.base = parts[0]
        self.quote = parts[1] if len(parts) > 1 else "USDC"
        self.is_perp = self.symbol.endswith("_PERP")
        self.price_decimals = _decimals(self.tick_size)
        self.quantity_decimals = _decimals(self.step_size)
        if self.price_decimals + self.quantity_decimals > MONEY_DECIMALS:
            raise ValueError(f"{self.symbol}: tick {self.tick_size} times step {self.step_size} is too fine")
        self.tick_units = int(self.tick_size.scaleb(self.price_decimals))
        self.step_units = int(self.step_size.scaleb(self.quantity_decimals))
        rest = MONEY_DECIMALS - self.price_decimals - self.quantity_decimals
        self.value_unit = self.tick_units * self.step_units * 10**rest
        self.lot_money = self.step_units * 10 ** (MONEY_DECIMALS - self.quantity_decimals)

    def value(self, price_ticks: int, lots: int) -> int:
        """Return price times quantity in units of money."""
        return price_ticks * lots * self.value_unit

    def price_text(self, price_ticks: int) -> str:
        """Return a price at the market's fixed scale, as streams carry it."""
        text = self._price_texts.get(price_ticks)
        if text is None:
            text = fixed_text(price_ticks * self.tick_units, self.price_decimals)
            _remember(self._price_texts, price_ticks, text)
        return text

    def quantity_text(self, lots: int) -> str:
        """Return a quantity at the market's fixed scale, as streams carry it."""
        text = self._quantity_texts.get(lots)
        if text is None:
            text = fixed_text(lots * self.step_units, self.quantity_decimals)
            _remember(self._quantity_texts, lots, text)
        return text

    def price_trimmed(self, price_ticks: int) -> str:
        """Return a price without trailing zeros, as REST carries it."""
        return trimmed_text(price_ticks * self.tick_units, self.price_decimals)

    def quantity_trimmed(self, lots: int) -> str:
        """Return a quantity without trailing zeros, as REST carries it."""
        return trimmed_text(lots * self.step_units, self.quantity_decimals)

    def half_ticks_text(self, half_ticks: int) -> str:
        """Return a price in half ticks without trailing zeros (an index lies between two ticks)."""
        return trimmed_text(half_ticks * self.tick_units * 5, self.price_decimals + 1)


def market_spec(symbol: str, *, tick_size: Decimal, step_size: Decimal, depth: int = 0) -> MarketSpec:
    """Return a market with the rules that are known for its symbol. Raises: ValueError for a grid that is too fine."""
    return MarketSpec(symbol=symbol, tick_size=tick_size, step_size=step_size, depth=depth, rules=rules_of(symbol))


def _remember(texts: dict[int, str], key: int, text: str) -> None:
    if len(texts) >= _MAX_TEXTS:
        texts.clear()
    texts[key] = text


def _decimals(unit: Decimal) -> int:
    exponent = unit.normalize().as_tuple().exponent
    if not isinstance(exponent, int) or unit <= 0:
        raise ValueError(f"a tick or step must be a positive number, got {unit}")
    return max(0, -exponent)
