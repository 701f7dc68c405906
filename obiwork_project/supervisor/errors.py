"""Errors of the supervisor.

SupervisorError
├── ChildFailed        a child cannot start, never got ready or died too often: stop everything, show the line
└── StopRequested      SIGTERM, SIGHUP or Ctrl-C came while children were starting: stop everything, quietly
"""

from __future__ import annotations


class SupervisorError(Exception):
    """Base of everything that ends a supervisor's work."""


class ChildFailed(SupervisorError):
    """A child cannot do its work; the text is one line that quotes the end of its log."""


class StopRequested(SupervisorError):
    """A stop signal arrived while children were still starting."""
