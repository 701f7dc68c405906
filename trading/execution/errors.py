"""Errors of execution.

ExecutionError
├── AlreadyClaimed      another process has the intent: do nothing
└── NotConfigured       a setting is missing: the process cannot start
"""

from __future__ import annotations


class ExecutionError(Exception):
    """Base of everything that execution refuses."""


class AlreadyClaimed(ExecutionError):
    """Another process has claimed the intent; the caller does nothing."""


class NotConfigured(ExecutionError):
    """A setting is missing; the message says which."""
