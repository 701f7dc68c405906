"""What a clone holds: nothing of a machine, of a registry, of the shared recordings, or of who wrote it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.architecture.checkout import REPOSITORY, files, lines

SHARED = Path(os.environ.get("OBIWORK_SHARED") or REPOSITORY.parent / "shared")
LARGEST_BYTES = 300_000
RECORDED = {".gz", ".bz2", ".zst", ".zip", ".csv", ".parquet", ".npz", ".feather"}
# Written so that no pattern finds itself.
REGISTRY = r"https?://(files[.]pythonhosted|(test[.])?pypi[.]|registry[.]npmjs|[^ \"']+[.](whl|tgz|tar[.]gz))"
INDEX = r"--(extra-)?index[-]url|(PIP|UV)_(DEFAULT_|EXTRA_)?INDEX[_]"
MACHINE = r"(^|[^A-Za-z0-9_.$])/(work|root|home)/"
AUTHORS = r"\b([c]laude|[a]nthropic|[o]penai|[c]opilot|[c]hatgpt|[l]anguage model|[l]lm|AI[- ]generated)\b"


@pytest.mark.parametrize("pattern", [REGISTRY, INDEX, MACHINE, AUTHORS], ids=["registry", "index", "path", "author"])
def test_no_line_tells_of_a_registry_a_machine_or_a_tool(pattern: str) -> None:
    unwanted = re.compile(pattern, re.IGNORECASE)
    assert [str(line) for line in lines() if unwanted.search(line.text)] == []


def test_no_file_is_a_recording_or_too_large_to_be_written_by_hand() -> None:
    recorded = [str(path) for path in files() if path.suffix in RECORDED or path.name == "openapi.yml"]
    large = [str(path) for path in files() if (REPOSITORY / path).stat().st_size > LARGEST_BYTES]
    assert recorded == []
    assert large == []


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared folder is not beside this checkout")
def test_no_file_carries_the_name_of_a_shared_one() -> None:
    shared = {path.name for part in ("data", "backpack") for path in (SHARED / part).rglob("*") if path.is_file()}
    assert [str(path) for path in files() if path.name in shared - {"README.md"}] == []
