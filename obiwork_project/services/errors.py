"""Errors of the services.

ServicesError
├── ServiceRefused     a given DATABASE_URL or REDIS_URL does not answer: correct it or start the server
├── NoServer           no usable PostgreSQL or Redis on this machine: install one or name one
├── BadRunFolder       the folder for state or sockets cannot be used: choose another
├── AlreadyRunning     another process runs services on this folder: stop it or choose another
└── ServerFailed       a server of ours did not initialise: the text quotes what it said
"""

from __future__ import annotations


class ServicesError(Exception):
    """Base of everything that keeps the services from running; the text is one line for a person."""


class ServiceRefused(ServicesError):
    """A server that the environment names does not answer."""


class NoServer(ServicesError):
    """There is no usable server program on this machine."""


class BadRunFolder(ServicesError):
    """The folder for state or sockets cannot be used."""


class AlreadyRunning(ServicesError):
    """Another process runs services on this folder."""


class ServerFailed(ServicesError):
    """A server of ours could not be initialised."""
