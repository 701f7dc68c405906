"""Hardening: what the process gives up before it holds a key."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import threading

_PR_SET_DUMPABLE = 4


def forbid_core_dumps() -> None:
    """Make the process undumpable: no core file, and no other process of the user can read its memory.

    Raises: OSError.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE)")


def silence_tracebacks() -> None:
    """Let an uncaught exception print its type only: its text may quote what it choked on."""
    sys.excepthook = lambda kind, _value, _traceback: _report(kind)
    threading.excepthook = lambda details: _report(details.exc_type)


def _report(kind: type[BaseException]) -> None:
    os.write(2, f"signer: uncaught {kind.__name__}\n".encode())
