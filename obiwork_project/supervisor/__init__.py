"""Starts the processes of one machine, watches them and leaves none behind.

Every child leads a session of its own, asks the kernel for a signal when its parent dies, and is registered
with a watchdog process that ends whole sessions when the supervisor is gone, however it went.
"""

from obiwork_project.supervisor.child import Child, FileReady, LineReady, Policy, ProbeReady, SocketReady
from obiwork_project.supervisor.errors import ChildFailed, StopRequested, SupervisorError
from obiwork_project.supervisor.spawn import Account
from obiwork_project.supervisor.supervisor import Supervisor

__all__ = [
    "Account",
    "Child",
    "ChildFailed",
    "FileReady",
    "LineReady",
    "Policy",
    "ProbeReady",
    "SocketReady",
    "StopRequested",
    "Supervisor",
    "SupervisorError",
]
