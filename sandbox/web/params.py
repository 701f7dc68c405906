"""Parsing of query parameters and bodies; failures carry the plain text that the exchange answers."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import orjson
from multidict import MultiMapping

from sandbox.errors import ParseRefused

E = TypeVar("E", bound=Enum)
MAX_HISTORY = 1_000


def query_dict(query: MultiMapping[str]) -> dict[str, str]:
    """Return query parameters as the signature sees them: of a repeated key the last value counts."""
    return dict(query.items())


def required(query: Mapping[str, str], name: str, kind: str = "string") -> str:
    """Return a parameter. Raises: ParseRefused when it is missing."""
    value = query.get(name)
    if value is None:
        raise ParseRefused(f'failed to parse parameter `{name}`: Type "{kind}" expects an input value.')
    return value


def enum_text(query: Mapping[str, str], name: str, *, kind: str, allowed: tuple[str, ...]) -> str | None:
    """Return a parameter that must be one of some words, None where it is absent. Raises: ParseRefused."""
    value = query.get(name)
    if value is not None and value not in allowed:
        raise ParseRefused(
            f'failed to parse parameter `{name}`: failed to parse "{kind}": Expect a valid enumeration value.'
        )
    return value


def whole(query: Mapping[str, str], name: str, *, default: int, least: int = 0, most: int | None = None) -> int:
    """Return a parameter that is a whole number. Raises: ParseRefused."""
    text = query.get(name)
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError as error:
        raise ParseRefused(
            f'failed to parse parameter `{name}`: failed to parse "integer_int64": invalid digit found in string'
        ) from error
    if value < least:
        raise ParseRefused(
            f"failed to parse parameter `{name}`: verification failed. minimum({least}, exclusive: false)"
        )
    if most is not None and value > most:
        raise ParseRefused(
            f"failed to parse parameter `{name}`: verification failed. maximum({most}, exclusive: false)"
        )
    return value


def json_body(body: bytes) -> object:
    """Return the value of a JSON body. Raises: ParseRefused."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ParseRefused(f"parse request payload error: parse json error: {error}") from error


class Payload:
    """A JSON object of a named type, read field by field."""

    def __init__(self, value: object, kind: str) -> None:
        """Raises: ParseRefused when the value is not an object."""
        if not isinstance(value, dict):
            found = orjson.dumps(value).decode()
            raise ParseRefused(f'parse request payload error: Expected input type "{kind}", found {found}.')
        self.fields: dict[str, object] = value
        self.kind = kind

    def refuse(self, message: str) -> ParseRefused:
        """Return the refusal of this payload."""
        return ParseRefused(f'parse request payload error: {message} (occurred while parsing "{self.kind}")')

    def text(self, name: str) -> str | None:
        """Return a text field, None where it is absent or null. Raises: ParseRefused."""
        value = self.fields.get(name)
        if value is None or isinstance(value, str):
            return value
        raise self._wrong_type("string", value)

    def flag(self, name: str) -> bool | None:
        """Return a boolean field, None where it is absent or null. Raises: ParseRefused."""
        value = self.fields.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise self._wrong_type("boolean", value)

    def number(self, name: str, *, most: int, kind: str) -> int | None:
        """Return a whole number, None where it is absent or null. Raises: ParseRefused."""
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            raise self._wrong_type(kind, value)
        return value

    def choice(self, name: str, words: type[E], *, kind: str) -> E | None:
        """Return a field as a member of an enumeration, None where it is absent or null. Raises: ParseRefused."""
        value = self.fields.get(name)
        if value is None:
            return None
        try:
            return words(value)
        except ValueError as error:
            raise self._wrong_type(kind, value) from error

    def require(self, value: E | str | None, *, kind: str) -> None:
        """Check that a required field, parsed as `kind`, is there. Raises: ParseRefused."""
        if value is None:
            raise self.refuse(f'failed to parse "{kind}": Type "{kind}" expects an input value.')

    def _wrong_type(self, kind: str, value: object) -> ParseRefused:
        return self.refuse(f'Expected input type "{kind}", found {orjson.dumps(value).decode()}.')
