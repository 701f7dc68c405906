"""The translations: complete, and compiled from the text that is in the repository."""

from __future__ import annotations

import ast
import gettext
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "obiwork_project" / "locale" / "pt_BR" / "LC_MESSAGES"
SOURCES = [
    *sorted((REPOSITORY / "accounts" / "admin").glob("*.py")),
    *sorted((REPOSITORY / "trading" / "admin").glob("*.py")),
    REPOSITORY / "obiwork_project" / "settings" / "admin_site.py",
]
MARKS = {"_", "gettext", "ngettext", "pgettext", "pgettext_lazy"}


def _marked(path: Path) -> Iterator[str]:
    """Return the message of every call that marks one; of a message with a context, the last text is it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
            texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            yield from texts[1:2] if node.func.id.startswith("pgettext") else texts[:1]


def _compiled() -> set[str]:
    with (FOLDER / "django.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    keys = (key[0] if isinstance(key, tuple) else key for key in catalogue)
    return {key.rpartition("\x04")[2] for key in keys}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_every_text_has_a_translation(path: Path) -> None:
    assert set(_marked(path)) - _compiled() == set()


def test_the_compiled_catalogue_has_every_text_of_the_written_one() -> None:
    written = [line[7:-1] for line in (FOLDER / "django.po").read_text().splitlines() if line.startswith('msgid "')]
    assert set(written) - _compiled() == set()
