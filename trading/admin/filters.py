"""Filters that lists of several trading records share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ChoicesFieldListFilter

from trading.admin import words


class WordsFilter(ChoicesFieldListFilter):
    """A filter by a stored code, in the same words as the column beside it."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        everything, *each = super().choices(changelist)
        yield everything
        for (code, _name), choice in zip(self.field.flatchoices, each, strict=True):
            yield {**choice, "display": words.state(str(code))}
