"""A signer in a process of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


@contextmanager
def signer_process() -> Iterator[Path]:
    """Run a signer until the block ends; return its socket."""
    folder = Path(tempfile.mkdtemp(prefix="obi"))
    path = folder / "run" / "signer.sock"
    command = [sys.executable, "-m", "signer", "--socket", str(path), "--keys", str(folder / "keys"), "--create-keys"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"signer ready")
        yield path
        process.terminate()
    shutil.rmtree(folder)
