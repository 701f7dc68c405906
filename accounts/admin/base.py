"""Bases of the admin's pages: what may be edited, and what is only read."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext
from unfold.admin import ModelAdmin, TabularInline
from unfold.views import ChangeList

_SECRETS = {"sealed_secret", "password"}


class OperatorAdmin(ModelAdmin):
    """Base of all: keeps secrets out of reach, and shows the models' English help texts in the reader's language."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse to filter by a secret, from any list: whether a row is found would give it away bit by bit."""
        if not _SECRETS.isdisjoint(lookup.split("__")):
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> Any:
        fields = (field for field in self.model._meta.fields if field.help_text)
        kwargs["help_texts"] = {field.name: gettext(str(field.help_text)) for field in fields}
        return super().get_form(request, obj, change, **kwargs)


class ReadOnly:
    """Refuses every change, to superusers too: a record of what happened is read, never edited."""

    def has_add_permission(self, *_: Any, **__: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any, **__: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any, **__: Any) -> bool:
        return False


class RecordList(ChangeList):
    """A list that is not said to hide rows while no filter is set."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.get_filters_params():
            self.full_result_count = self.result_count


class RecordAdmin(ReadOnly, OperatorAdmin):
    """Base of what the engine writes."""

    list_per_page = 50
    list_fullwidth = True
    show_full_result_count = False  # it counts a whole table, and these only grow
    ordering = ("-id",)
    actions = None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RecordList


class RecordInline(ReadOnly, TabularInline):
    """Base of the records that another page shows with its own."""

    extra = 0
    hide_title = True
    ordering = ("id",)
    per_page = 50


class KeptAdmin(OperatorAdmin):
    """Base of what an operator may edit while the engine works on the same row; nothing is deleted.

    Only the columns that were edited are written: a form holds the row as it was when the page was opened, and
    writing it back whole would turn the engine's own columns (a sequence of client ids, say) back in time.
    """

    actions: Any = None

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm[Any], change: bool) -> None:
        if change:
            obj.save(update_fields=form.changed_data)
        else:
            super().save_model(request, obj, form, change)

    def has_delete_permission(self, *_: Any, **__: Any) -> bool:
        return False


def rename(model: type[Model], *, row: Any, rows: Any, **fields: Any) -> None:
    """Give a model and its fields the names that people read.

    Here and not in the models, because the engine has no use for them; Django keeps what a migration compares
    (`original_attrs`, `_verbose_name`) apart from what it shows, so a changed word needs no migration.
    """
    model._meta.verbose_name = row
    model._meta.verbose_name_plural = rows
    for name, words in fields.items():
        setattr(model._meta.get_field(name), "verbose_name", words)  # noqa: B010 - relations have no such attribute
