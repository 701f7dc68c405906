"""Tells whether a child that was started has become ready."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from obiwork_project.supervisor.child import FileReady, LineReady, ProbeReady, Ready, SocketReady

_CONNECT_TIMEOUT_S = 0.2
_QUOTED_LINES = 3
_QUOTED_LENGTH = 240


def forget_earlier_life(ready: Ready | None) -> None:
    """Remove the sign of readiness that an earlier life may have left."""
    if isinstance(ready, FileReady):
        ready.path.unlink(missing_ok=True)


def ready_text(ready: Ready | None, *, log: Path, log_start: int) -> str | None:
    """Return the line that says "ready" (empty where the sign is no line), or None while it is not ready."""
    match ready:
        case None:
            return ""
        case LineReady(pattern):
            return _matching_line(pattern, log=log, log_start=log_start)
        case SocketReady(address):
            return "" if _accepts(address) else None
        case FileReady(path):
            return "" if path.exists() else None
        case ProbeReady(probe):
            return "" if probe() else None


def last_words(log: Path) -> str:
    """Return the last lines of a log on one line, to be quoted in an error."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return "(it wrote nothing)"
    spoken = [line.strip()[:_QUOTED_LENGTH] for line in lines if line.strip()][-_QUOTED_LINES:]
    return " | ".join(spoken) or "(it wrote nothing)"


def _matching_line(pattern: str, *, log: Path, log_start: int) -> str | None:
    with log.open("rb") as output:
        output.seek(log_start)
        text = output.read().decode(errors="replace")
    complete = text[: text.rfind("\n") + 1]  # a half-written line may match and yet be cut
    return next((line for line in complete.splitlines() if re.search(pattern, line)), None)


def _accepts(address: Path | tuple[str, int]) -> bool:
    family = socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(_CONNECT_TIMEOUT_S)
        return client.connect_ex(str(address) if isinstance(address, Path) else address) == 0
