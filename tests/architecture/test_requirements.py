"""The lock: every package of the project pinned, and every pin with its hashes."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.checkout import REPOSITORY

PINNED = re.compile(r"(?P<name>[a-z0-9.-]+)==(?P<version>\S+)(?P<marker> ; [^\\]+?)?( --hash=sha256:[0-9a-f]{64})+")


def pins(name: str) -> list[str]:
    """Return the logical lines of a lock file, each with its hashes."""
    text = (REPOSITORY / name).read_text()
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    return [line for line in joined.splitlines() if line and not line.startswith("#")]


def versions(name: str) -> dict[str, str]:
    return {found["name"]: found["version"] for found in map(PINNED.fullmatch, pins(name)) if found}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_line_of_a_lock_is_a_pin_with_hashes(name: str) -> None:
    assert [line[:80] for line in pins(name) if not PINNED.fullmatch(line)] == []


def test_the_lock_of_development_holds_the_other() -> None:
    assert versions("requirements.txt").items() <= versions("requirements-dev.txt").items()


def test_the_locks_answer_to_the_project() -> None:
    described = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    project = described["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["embedded"]]
    assert unanswered(wanted, versions("requirements.txt")) == []
    assert unanswered(described["dependency-groups"]["dev"], versions("requirements-dev.txt")) == []


def unanswered(wanted: list[str], pinned: dict[str, str]) -> list[str]:
    """Return what is not pinned, or to a version that the project does not want."""
    asked = [Requirement(text) for text in wanted]
    return [str(one) for one in asked if not one.specifier.contains(pinned.get(canonicalize_name(one.name), "0"))]
