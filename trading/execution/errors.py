"""Errors of execution.

ExecutionError
├── AlreadyClaimed      another process has the intent: do nothing
├── IncompleteFill      a message about a fill lacks what identifies or prices it: ask the exchange for its fills
└── NotConfigured       a setting is missing: the process cannot start
"""

from __future__ import annotations


class ExecutionError(Exception):
    """Base of everything that execution refuses."""


class AlreadyClaimed(ExecutionError):
    """Another process has claimed the intent; the caller does nothing."""


class IncompleteFill(ExecutionError):
    """A message about a fill lacks its trade id or fee; the caller asks the exchange for the account's fills."""


class NotConfigured(ExecutionError):
    """A setting is missing; the message says which."""
