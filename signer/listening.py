"""Listening: the socket's folder, its lock, and what an earlier signer may have left behind."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
from pathlib import Path

from signer.errors import SignerMisconfigured
from signer.server import BACKLOG


class Listening:
    """A listening unix socket of which there is one per path; a context manager that removes it at the end.

    The lock beside the socket says whether a signer lives: the kernel drops it with the process, however that
    ends. So a socket file without a lock holder is stale and is replaced.

    Raises: SignerMisconfigured when another signer is listening, or the folder is open to others.
    """

    def __init__(self, path: Path, *, is_shared: bool) -> None:
        self._path = path
        _prepare_folder(path.parent, is_shared=is_shared)
        self._lock = _lock(path)
        _remove_stale(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # shared: other users can reach the socket, and the server asks the kernel who they are
        mask = os.umask(0o111 if is_shared else 0o177)
        try:
            self.socket.bind(os.fspath(path))
        except OSError as error:
            raise SignerMisconfigured(f"cannot listen on {path}: {error.strerror or error}") from error
        finally:
            os.umask(mask)
        self.socket.listen(BACKLOG)

    def __enter__(self) -> Listening:
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)
        self.socket.close()
        os.close(self._lock)


def _prepare_folder(folder: Path, *, is_shared: bool) -> None:
    try:
        folder.mkdir(mode=0o711 if is_shared else 0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError as error:
        raise SignerMisconfigured(f"cannot use the folder {folder}: {error.strerror}") from error
    if status.st_uid not in (os.geteuid(), 0):
        raise SignerMisconfigured(f"the folder {folder} belongs to somebody else")
    forbidden = 0o066 if is_shared else 0o077
    if status.st_mode & forbidden:
        mode = stat.S_IMODE(status.st_mode)
        raise SignerMisconfigured(f"the folder {folder} must be closed to others (0700), it has {mode:04o}")


def _lock(path: Path) -> int:
    lock_path = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise SignerMisconfigured(f"cannot open {lock_path}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise SignerMisconfigured(f"another signer is listening on {path}") from None
    return descriptor


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise SignerMisconfigured(f"{path} exists and is not a socket")
    path.unlink()
