"""Who may import whom, and that every package and folder has its place in the contracts."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.architecture.checkout import REPOSITORY, files

PYTHON_FILES = [path for path in files() if path.suffix == ".py"]


@pytest.fixture
def contracts() -> configparser.ConfigParser:
    """Return `.importlinter`."""
    parser = configparser.ConfigParser()
    parser.read(REPOSITORY / ".importlinter")
    return parser


def names(text: str) -> set[str]:
    return set(text.replace("|", " ").split())


def test_the_import_contracts_are_kept() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint_imports, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_package_is_in_the_contracts(contracts: configparser.ConfigParser) -> None:
    packages = {path.parts[0] for path in PYTHON_FILES if path.name == "__init__.py"} - {"tests"}
    assert names(contracts["importlinter"]["root_packages"]) == packages
    assert names(contracts["importlinter:contract:packages"]["layers"]) == packages


def test_every_part_of_trading_has_its_layer(contracts: configparser.ConfigParser) -> None:
    trading = contracts["importlinter:contract:trading"]
    parts = {path.with_suffix("").parts[1] for path in PYTHON_FILES if path.parts[0] == "trading"}
    assert trading["exhaustive"] == "true"
    assert names(trading["layers"]) | names(trading["exhaustive_ignores"]) == parts - {"__init__"}


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)
