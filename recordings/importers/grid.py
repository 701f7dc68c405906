"""Tick and step of a foreign recording, derived exactly from the decimals that it contains."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, InvalidOperation
from math import gcd

_PLACES = 18
_EXACT = Context(prec=60)
_MOST_KNOWN = 200_000


class GridFinder:
    """Find the unit of which all decimals seen are multiples: their greatest common divisor.

    Texts are remembered, because the same few thousand come millions of times.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._scaled_unit = 0

    def add(self, texts: Iterable[str]) -> None:
        """Take decimals in. Raises: ValueError, and takes none, if one is no finite decimal."""
        fresh = set(texts).difference(self._known)
        self._scaled_unit = gcd(self._scaled_unit, *map(scaled, fresh))
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known.update(fresh)

    def unit(self) -> Decimal:
        """Return the unit. Raises: ValueError when nothing but zeros was seen."""
        if not self._scaled_unit:
            raise ValueError("there is no number above zero to derive a unit from")
        unit = Decimal(self._scaled_unit).scaleb(-_PLACES, _EXACT).normalize(_EXACT)
        return Decimal(format(unit, "f"))


class Multiples(dict[str, int]):
    """Whole multiples of a unit by their text; computed once per text.

    A dict, because a look-up is several times quicker than the division, and levels repeat.
    """

    def __init__(self, unit: Decimal) -> None:
        super().__init__()
        self._scaled_unit = scaled(str(unit))

    def __missing__(self, text: str) -> int:
        """Return the multiple for a new text. Raises: ValueError when it lies between two multiples."""
        multiple, rest = divmod(scaled(text), self._scaled_unit)
        if rest or multiple < 0:
            raise ValueError(f"{text} is not on the grid")
        if len(self) > _MOST_KNOWN:
            self.clear()
        self[text] = multiple
        return multiple


def scaled(text: str) -> int:
    """Return a decimal in units of 1e-18, exactly.

    Raises: ValueError for anything but a finite decimal, not negative, with at most 18 places.
    """
    try:
        value = Decimal(text).scaleb(_PLACES, _EXACT)
        whole = int(value)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a number") from error
    if whole != value or whole < 0:
        raise ValueError(f"{text!r} is negative or has more than {_PLACES} decimal places")
    return whole
