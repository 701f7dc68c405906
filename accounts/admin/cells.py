"""Cells: how the admin writes a number, a moment and a link. What is not known is a dash, never 0."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import Model
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

DASH = "–"


def number(value: Decimal | float | None, *, places: int | None = None) -> str:
    """Return a number in the reader's notation: exact without trailing zeros, or rounded to so many places."""
    if value is None:
        return DASH
    if places is not None:
        return str(number_format(value, decimal_pos=places))
    text = f"{value:f}" if isinstance(value, Decimal) else repr(value)
    return str(number_format(text.rstrip("0").rstrip(".") if "." in text else text))


def milliseconds(value_us: int | None) -> str:
    """Return microseconds as milliseconds with one place."""
    return DASH if value_us is None else f"{number(value_us / 1_000, places=1)} ms"


def moment(value: dt.datetime | None) -> str:
    """Return a moment to the second, year first, in the site's zone: it reads the same in every language."""
    return DASH if value is None else f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"


def moment_of_us(value_us: int | None) -> str:
    """Return a moment given in microseconds since the epoch, to the millisecond."""
    if value_us is None:
        return DASH
    # whole numbers throughout: a float of microseconds since the epoch would already be rounded
    seconds, rest_us = divmod(value_us, 1_000_000)
    return f"{moment(dt.datetime.fromtimestamp(seconds, tz=dt.UTC))}.{rest_us // 1_000:03d}"


def label(text: str, *, colour: str) -> SafeString:
    """Return a coloured label; the colours are the theme's: success, warning, danger, info, or none."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "type": colour})


def yes_or_no(value: bool) -> str:
    """Return a plain word: the theme's red cross would make an alarm of every "no"."""
    return gettext("yes") if value else gettext("no")


def link(row: Model | None, text: str) -> SafeString | str:
    """Return a link to a row's own page."""
    if row is None:
        return DASH
    return format_html('<a href="{}" class="text-link">{}</a>', address(row), text)


def address(row: Model) -> str:
    """Return the address of a row's own page."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def list_address(model: str, filters: Mapping[str, object]) -> str:
    """Return the address of a filtered list; `model` is "app_model", so that no app has to import another."""
    return f"{reverse(f'admin:{model}_changelist')}?{urlencode(filters)}"


def list_link(text: str, *, model: str, filters: Mapping[str, object]) -> SafeString:
    """Return a link to a filtered list."""
    return format_html('<a href="{}" class="text-link">{}</a>', list_address(model, filters), text)
