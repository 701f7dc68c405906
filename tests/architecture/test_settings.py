"""Production's settings: they load from the environment alone, and not without a key of their own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.architecture.checkout import REPOSITORY

GIVEN = {
    "DJANGO_SETTINGS_MODULE": "obiwork_project.settings.production",
    "DATABASE_URL": "postgres://obiwork@/obiwork?host=/nowhere",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


@pytest.mark.parametrize(
    ("given", "said"),
    [({"DJANGO_SECRET_KEY": "one of our own"}, "production loaded"), ({}, "DJANGO_SECRET_KEY")],
    ids=["with a key", "without a key"],
)
def test_production_loads_with_a_key_of_its_own_only(given: dict[str, str], said: str) -> None:
    ours = ("DJANGO_", "OBIWORK_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    script = "import django; django.setup(); print('production loaded')"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=REPOSITORY,
        env=inherited | GIVEN | given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said in done.stdout + done.stderr
    assert (done.returncode == 0) is bool(given)
