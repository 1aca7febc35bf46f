"""How the service is, as PostgreSQL and Valkey know it: numbers alone, for `manage.py metrics`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count

from matching import published
from matching.models import Check, Delivery, Protection
from matching.sequence import HISTORY

# By the indexes of what is left to do: short, however much has been done.
AGE = "(SELECT greatest(0, coalesce(extract(epoch FROM clock_timestamp() - min({})), 0)) FROM {})"
AGES = (
    AGE.format("created_at", "matching_change WHERE number IS NULL"),
    AGE.format("at", "matching_ledgerentry"),
    AGE.format("due_at", "matching_delivery"),
    AGE.format("at", "matching_event WHERE id = (SELECT min(event_id) FROM matching_delivery)"),
)
LOG_KEPT = """(SELECT current_setting('archive_mode') = 'off' OR last_failed_time IS NULL
    OR coalesce(last_archived_time > last_failed_time, false) FROM pg_stat_archiver)"""
FACTS = f"lineage, epoch, number, complete, history = {HISTORY}, {LOG_KEPT}, {', '.join(AGES)}"
OUTSTANDING = f"SELECT {FACTS} FROM matching_sequence"  # noqa: S608 (ours)


@dataclass(frozen=True, slots=True)
class Outstanding:
    """What is not done yet, each by the age of its oldest in seconds, 0 where there is nothing."""

    lineage: UUID
    epoch: int
    generation: int
    complete: bool
    opened: bool  # not as a backup left it
    log_kept: bool  # by PostgreSQL's archive_command, where there is one, when it last tried
    change_s: float  # without a number
    ledger_s: float  # not in the ledger's file
    delivery_overdue_s: float  # since it should have been tried
    delivery_s: float  # since it happened


def outstanding() -> Outstanding:
    """Raises DatabaseError, InterfaceError."""
    with connection.cursor() as cursor:
        cursor.execute(OUTSTANDING)
        lineage, epoch, number, complete, opened, log_kept, *ages = cursor.fetchone()
    return Outstanding(lineage, epoch, number, complete, opened, log_kept, *map(float, ages))


def published_generation(lineage: UUID) -> tuple[int, int]:
    """Epoch and number that Valkey says, 0 where it holds none. Raises redis.RedisError."""
    try:
        position = published.read(lineage).position
    except published.NoEntryError:
        return 0, 0
    return position.epoch, position.number


def ping() -> None:
    """Raises redis.RedisError."""
    published.client().ping()


def protections() -> dict[str, int]:
    """How many there are by state. Reads the whole table."""
    counted = Protection.objects.order_by().values_list("state").annotate(Count("id"))
    return dict.fromkeys(Protection.State.values, 0) | dict(counted)


def deliveries() -> int:
    return Delivery.objects.count()


def overdue(now: datetime, grace: timedelta) -> dict[str, int]:
    """Rows that should have been deleted by then, by kind."""
    return {"checks": Check.objects.filter(at__lt=now - timedelta(days=settings.CHECKS_KEPT_DAYS) - grace).count()}
