"""The `obiwork` command as a person meets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from obiwork_project.cli import COMMANDS, main
from tests.platform.conftest import REPOSITORY


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    listing = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(f"  {name} " in listing for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: ")


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [([], "no command:"), (["fly"], "no command 'fly':"), (["--fast"], "no command '--fast':")],
)
def test_bad_usage_is_one_line_and_code_2(arguments: list[str], wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(arguments)
    said = capsys.readouterr()
    assert code == 2
    assert said.out == ""
    assert said.err.startswith(f"obiwork: {wrong} choose one of ")
    assert said.err.count("\n") == 1


def test_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("obiwork")


def test_starting_up_imports_no_framework() -> None:
    script = "import obiwork_project.cli, sys; print(sorted({'django', 'celery', 'redis'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_make_alone_lists_its_targets() -> None:
    command = ["make", "--no-print-directory"]  # inside `make test` it would name the folder too
    listing = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    explained = {line.split()[1] for line in listing.splitlines()}
    phony = next(line for line in Path(REPOSITORY, "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    assert explained == set(phony.split()[1:])
