"""Celery only wakes: what must happen is a row in PostgreSQL, and a lost task delays it at most."""

import os
import threading
import time
from typing import Any

from celery import Celery, bootsteps, signals
from django.core.cache import cache

from matching.connections import give_up_lost

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

NOTED_S = 2 * 24 * 3600
LONGEST_TASK_S = 60
STOPPED_WITHIN_S = LONGEST_TASK_S + 5

app = Celery("veto")
app.conf.update(
    broker_connection_retry_on_startup=True,
    # A line that has died without a word is given up: worker and beat would wait on it for ever (kombu's default).
    broker_transport_options={
        "socket_timeout": 2.0,
        "socket_connect_timeout": 2.0,
        "socket_keepalive": True,
        "health_check_interval": 5,  # seconds: then for what is awaited without a timeout, a task
    },
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_time_limit=LONGEST_TASK_S,
    task_soft_time_limit=50,
    task_default_queue="celery",
    task_routes={"matching.tasks.settle_changes": {"queue": "sequence"}},
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    beat_schedule={
        # A process killed between commit and publication delays a change by this much and loses nothing.
        "settle-changes": {
            "task": "matching.tasks.settle_changes",
            "schedule": 1.0,
            "options": {"expires": 1},
        },
        "deliver-webhooks": {
            "task": "matching.tasks.deliver_webhooks",
            "schedule": 2.0,
            "options": {"expires": 2},
        },
        "purge": {"task": "matching.tasks.purge", "schedule": 3600.0, "options": {"expires": 3600}},
        "release-pending": {"task": "consent.tasks.release_pending", "schedule": 300.0, "options": {"expires": 300}},
        "forget-the-past": {"task": "consent.tasks.forget_the_past", "schedule": 3600.0, "options": {"expires": 3600}},
        "erase-withdrawn": {"task": "consent.tasks.erase_withdrawn", "schedule": 300.0, "options": {"expires": 300}},
    },
)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class Stopped(bootsteps.StartStopStep):
    """A worker that stops has ended when its longest task might have, and what hangs in it ends with it.

    Where Valkey refuses to write, a worker gives up and waits for its tasks, for ever if one does not come back: who
    watches over it sees a process, and nothing is done any more. What a task was at is a row still.
    """

    requires = ("celery.worker.components:Pool",)

    def close(self, _: Any) -> None:
        last = threading.Timer(STOPPED_WITHIN_S, os._exit, (1,))
        last.daemon = True
        last.start()


app.steps["worker"].add(Stopped)


@signals.task_success.connect
def note(sender: Any, **_: Any) -> None:
    """When each task last came to its end, for `manage.py metrics`: beat, broker and a worker were there."""
    cache.set(ran(sender.name), int(time.time()), NOTED_S)


@signals.task_postrun.connect
def settle(task: Any, **_: Any) -> None:
    if not task.request.is_eager:  # else the transaction is its caller's
        give_up_lost()


def ran(task: str) -> str:
    return f"task-ran:{task}"


@signals.setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery sets up logging of its own unless a receiver stands here; Django's setting has done it."""
