"""Errors of the demo.

DemoError      something a person gave does not work: one line that says what to do
"""

from __future__ import annotations


class DemoError(Exception):
    """What was asked for cannot be run; the message is one line for a person."""
