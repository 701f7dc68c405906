"""The demo: the whole system on paper, from a recorded or generated market to protected positions and a summary."""

from obiwork_project.demo.command import main

__all__ = ["main"]
