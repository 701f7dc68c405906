"""Django's registration of the project itself: every process that runs Django knows the Celery application."""

from __future__ import annotations

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """Binds the apps' tasks to the Celery application, so that whoever enqueues one uses its broker and routes."""

    name = "obiwork_project"
    verbose_name = "OBIWORK"

    def ready(self) -> None:
        """Import the Celery application, which makes it the current one."""
        import celery_app  # noqa: F401, PLC0415
