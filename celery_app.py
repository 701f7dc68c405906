"""The Celery application: queues, routes and what a worker may hold."""

from __future__ import annotations

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import task_prerun, worker_ready
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "obiwork_project.settings.local")

app = Celery("obiwork")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["trading"])
app.conf.update(
    task_ignore_result=True,
    task_acks_late=False,  # recovery is the reconciler's: Redis would redeliver only after the visibility timeout
    worker_prefetch_multiplier=1,
    task_serializer="json",
    accept_content=["json"],
    task_default_queue="default",
    # hot tasks name their queue when they are sent (hot.<shard>); everything else is routed here
    task_routes={"trading.protect_position": {"queue": "protect"}},
    task_send_sent_event=True,
    worker_send_task_events=True,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
)
# Celery closes Django's connections around every task, and opening one costs more than a whole evaluation. Kept
# connections are looked after by `replace_broken_connections` instead.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize


@task_prerun.connect
def replace_broken_connections(**_: object) -> None:
    """Close a database connection on which an error has occurred and that no longer works."""
    close_old_connections()


@worker_ready.connect
def say_ready(sender: Any, **_: object) -> None:
    """Tell whoever supervises the worker that it takes tasks from now on."""
    print(f"worker ready: {sender.hostname}", flush=True)  # noqa: T201
