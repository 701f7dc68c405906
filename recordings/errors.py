"""Errors of recordings; each message is one line that a person can act on.

RecordingError
├── RecordingMissing      there is no recording at this path: give another path
├── RecordingIncomplete   the writer was stopped before it finished: delete the folder, import again
├── RecordingBroken       manifest or columns do not say what the format says: import again
├── UnknownSymbol         the recording has no such market: choose one of those named
├── RecordingRefused      the writer does not accept this folder or event: fix the caller
├── UnknownKind           there is no importer of that name: choose one of those named
└── MalformedInput        a foreign recording does not parse: look at the file and line named
"""

from __future__ import annotations


class RecordingError(Exception):
    """Base of everything that can be wrong with a recording."""


class RecordingMissing(RecordingError):
    """There is no recording at the path; the caller needs another path."""


class RecordingIncomplete(RecordingError):
    """The writer never finished this folder; the caller deletes it and imports again."""


class RecordingBroken(RecordingError):
    """The manifest or a market's file contradicts the format; the caller imports again."""


class UnknownSymbol(RecordingError):
    """The recording has no such market; the caller chooses one of those that the message names."""


class RecordingRefused(RecordingError):
    """The writer does not accept a folder, a market or an event; the caller is wrong."""


class UnknownKind(RecordingError):
    """There is no importer of that kind; the caller chooses one of those that the message names."""


class MalformedInput(RecordingError):
    """A foreign recording does not parse; the message names the file and, where there is one, the line."""
