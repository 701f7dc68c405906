"""What flows share: a place of their own, in which nothing may be left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.flows.place import Place, new_place


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the demos, in their random order: the last to begin would leave the other processor idle."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


@pytest.fixture
def place() -> Iterator[Place]:
    """Return a place of this test's own."""
    with new_place() as place:
        yield place
