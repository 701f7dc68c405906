"""What a person may type or set is explained: commands, make targets, environment variables."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from obiwork_project.cli import COMMANDS
from tests.architecture.checkout import REPOSITORY, files

ENVIRONMENTS = {"env", "environ", "ENVIRON"}
READERS = [
    *(path for path in files() if path.parts[:2] in {("obiwork_project", "settings"), ("obiwork_project", "services")}),
    Path("obiwork_project/env.py"),
]


def obiwork(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "obiwork_project.cli", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=20)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_refuses_what_it_does_not_know_in_one_line(name: str) -> None:
    helped, refused = obiwork(name, "--help"), obiwork(name, "--no-such-option")
    assert (helped.returncode, helped.stderr) == (0, "")
    assert re.match(rf"usage: (obiwork )?{name} ", helped.stdout)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert re.match(rf"(obiwork )?{name}: .*--no-such-option|.*required", refused.stderr)
    assert refused.stderr.count("\n") == 1


def test_every_make_target_is_explained() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE)
    assert targets == explained


def test_every_environment_variable_is_documented() -> None:
    read = {name for path in READERS for name in variables(REPOSITORY / path)}
    documented = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", (REPOSITORY / "docs" / "operations.md").read_text()))
    assert {"DATABASE_URL", "REDIS_URL", "OBIWORK_RUN_DIR"} <= read
    assert sorted(read - documented) == []


def variables(path: Path) -> Iterator[str]:
    """Yield the names that a module reads from the environment: `env.int("X")`, `environ["X"]`, `environ.get("X")`."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case (
                ast.Call(func=ast.Attribute(value=owner), args=[ast.Constant(value=str(name)), *_])
                | ast.Subscript(value=owner, slice=ast.Constant(value=str(name)))
            ) if last_name(owner) in ENVIRONMENTS:
                yield name


def last_name(owner: ast.expr) -> str | None:
    match owner:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None
