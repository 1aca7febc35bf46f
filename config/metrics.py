"""What `manage.py metrics` answers: what PostgreSQL and Valkey know, and the sums of what the web processes count.

Read at each scrape; what reads whole tables at most every five minutes. Where a service is away its facts are left out,
and `veto_database_up` or `veto_valkey_up` says so: a number of before would pass for the present one.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

import psutil
import redis
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from config.celery import app, ran
from config.local.backup import Backups
from consent import facts as of_people
from matching import facts

T = TypeVar("T")

SLOW_S: Final = 300.0
LONGEST: Final = "SET LOCAL statement_timeout = '5s'"  # a scrape has ten
GRACE: Final = timedelta(hours=3)  # tasks that delete run every hour, and have a bound on how much they delete at once


def gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"veto_{name}", text, value=value)


def gauges(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"veto_{name}", text, labels=[label])
    for of, value in values.items():
        family.add_metric([of], value)
    return family


def asked(question: Callable[[], T]) -> T | None:
    """What PostgreSQL says, for no longer than a scrape can wait; None where it is away."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(LONGEST)
            return question()
    except (DatabaseError, InterfaceError):
        return None
    finally:
        connection.close()  # a thread of the server's lives for one scrape


class SharedFacts(Collector):
    """Thread-safe: one scrape at a time."""

    def __init__(self) -> None:
        self._scraping = threading.Lock()
        self._slow: list[Metric] = []
        self._slow_at = float("-inf")

    def describe(self) -> list[Metric]:
        """Nothing: or the registry would collect once to learn the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        with self._scraping:
            found = [*self._quick(), *self._slowly(), *tasks(), *copies()]
        yield from found

    def _quick(self) -> list[Metric]:
        known = asked(facts.outstanding)
        return [gauge("database_up", "1 where PostgreSQL answered.", known is not None), *published(known), *of(known)]

    def _slowly(self) -> list[Metric]:
        if time.monotonic() - self._slow_at < SLOW_S:
            return self._slow
        found = asked(lambda: list(counted()))
        if found is None:
            return []
        self._slow, self._slow_at = found, time.monotonic()
        return found


def of(known: facts.Outstanding | None) -> Iterator[Metric]:
    if known is None:
        return
    yield gauge("database_epoch", "The epoch of the change sequence.", known.epoch)
    yield gauge("database_generation", "The last number of the change sequence.", known.generation)
    yield gauge("database_complete", "0 where changes were lost and nobody declared it complete.", known.complete)
    yield gauge("database_opened", "0 where it was restored and not opened since.", known.opened)
    yield gauge("database_log_kept", "0 where archive_command failed when it was last tried.", known.log_kept)
    yield gauge("oldest_unnumbered_change_seconds", "Age of what is saved and not in effect.", known.change_s)
    yield gauge("oldest_unwritten_ledger_entry_seconds", "Age of what a restore would forget.", known.ledger_s)
    yield gauge("webhook_overdue_seconds", "How late the delivery is that is due first.", known.delivery_overdue_s)
    yield gauge("oldest_unsent_webhook_seconds", "Age of the oldest event to be sent.", known.delivery_s)


def published(known: facts.Outstanding | None) -> Iterator[Metric]:
    """After PostgreSQL was read: what is published may then be later, never earlier."""
    try:
        if known is not None:
            epoch, number = facts.published_generation(known.lineage)
            yield gauge("published_epoch", "The epoch that Valkey says; 0 where it says none.", epoch)
            yield gauge("published_generation", "The number that Valkey says; 0 where it says none.", number)
        else:
            facts.ping()
    except redis.RedisError:
        yield gauge("valkey_up", "1 where Valkey answered.", 0)
    else:
        yield gauge("valkey_up", "1 where Valkey answered.", 1)


def counted() -> Iterator[Metric]:
    overdue = facts.overdue(timezone.now(), GRACE) | of_people.overdue(timezone.now(), GRACE)
    yield gauges("protections", "Protections by state.", "state", facts.protections())
    yield gauge("webhooks_waiting", "Deliveries that are still to be sent.", facts.deliveries())
    yield gauges("deletions_overdue", "Rows that should have been deleted, by kind.", "kind", overdue)


def tasks() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "veto_task_last_success_timestamp_seconds", "When beat's task last came to its end.", labels=["task"]
    )
    for task in sorted(str(entry["task"]) for entry in app.conf.beat_schedule.values()):
        if (at := cache.get(ran(task))) is not None:
            family.add_metric([task], at)
    yield family


def copies() -> Iterator[Metric]:
    if folder := os.environ.get("BACKUP_FOLDER"):
        made = Backups(Path(folder).expanduser().absolute(), "").made().values()
        at = max((each.timestamp() for each in made), default=0)
        yield gauge("backup_timestamp_seconds", "When the last whole copy was begun; 0 where there is none.", at)


class WebProcesses(MultiProcessCollector):
    """Without what processes that have ended said of themselves; what they counted stays in the sums."""

    def __init__(self, registry: CollectorRegistry, folder: Path) -> None:
        super().__init__(registry, path=str(folder))  # type: ignore[no-untyped-call]
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        for file in self._folder.glob("gauge_live*_*.db"):
            pid = file.stem.rpartition("_")[2]
            with suppress(FileNotFoundError):
                if not psutil.pid_exists(int(pid)):
                    mark_process_dead(pid, str(self._folder))  # type: ignore[no-untyped-call]
        yield from super().collect()  # type: ignore[no-untyped-call]


def registry() -> CollectorRegistry:
    made = CollectorRegistry()
    made.register(SharedFacts())
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        WebProcesses(made, Path(folder))  # registers itself
    return made
