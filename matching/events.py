"""Events: what platforms are told, written in the transaction of what they tell of, with a row for each delivery.

They are thin: a platform reads a `ref` and asks again. Only who was told of a protection hears of its changes.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from matching.models import ApiKey, Delivery, Event, Told, WebhookEndpoint

KEPT: Final = timedelta(days=30)
EXPIRES_SOON: Final = timedelta(days=14)
NUMBERING: Final = 0x76657465  # "vete": the advisory lock under which events are numbered
TELLING: Final = 0x76657474  # and that under which is looked whether there is one already

# Numbers of a sequence, which never goes back though old events are deleted; a number given under the lock is higher
# than all that were visible before.
NUMBER_COMMITTED = """
UPDATE matching_event SET number = nextval('matching_event_number') FROM (
    SELECT id FROM matching_event WHERE number IS NULL ORDER BY id FOR UPDATE
) AS unnumbered WHERE matching_event.id = unnumbered.id
"""


def is_written(platform: UUID, ref: str, *, since: datetime) -> bool:
    """Whether an event that tells this platform of this protection is among those written since then.

    The answer stays true until the caller's transaction ends: whoever asks waits for others who have asked.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TELLING])
    return Event.objects.filter(platform=platform, at__gte=since, data={"ref": ref}).exists()


def protection_changed(*protections: UUID) -> None:
    _of_protections(protections, "protection.changed")


def protection_removed(*protections: UUID) -> None:
    """They were withdrawn or erased: nothing is to be kept of them."""
    _of_protections(protections, "protection.removed")


def _of_protections(protections: Iterable[UUID], kind: str) -> None:
    told = Told.objects.filter(protection__in=protections).values_list("platform_id", "ref")
    write((platform, True, kind, {"ref": ref}) for platform, ref in told)


def key_expiring(keys: Iterable[ApiKey]) -> None:
    """Say it once of each key and end."""
    write(
        (key.platform_id, key.livemode, "key.expiring", data)
        for key in keys
        if key.expires_at and (data := {"kid": key.kid, "expires_at": key.expires_at.isoformat(timespec="seconds")})
        if not Event.objects.filter(platform=key.platform_id, type="key.expiring", data=data).exists()
    )


def keys_that_expire_soon() -> None:
    now = timezone.now()
    key_expiring(ApiKey.objects.filter(revoked_at=None, expires_at__gt=now, expires_at__lt=now + EXPIRES_SOON))


def write(told: Iterable[tuple[UUID, bool, str, dict[str, Any]]]) -> None:
    """Events of these platforms, modes, types and data, and what is to be delivered of them."""
    now = timezone.now()
    with transaction.atomic():
        events = Event.objects.bulk_create(
            Event(
                public_id=f"evt_{secrets.token_hex(12)}",
                platform_id=platform,
                livemode=livemode,
                type=kind,
                data=data,
                at=now,
            )
            for platform, livemode, kind, data in told
        )
        if events:
            Delivery.objects.bulk_create(deliveries(events, now))


def deliveries(events: Iterable[Event], due_at: datetime) -> list[Delivery]:
    events = list(events)
    endpoints = list(
        WebhookEndpoint.objects.filter(platform__in={event.platform_id for event in events}, disabled_at=None)
    )
    return [
        Delivery(event=event, endpoint=endpoint, due_at=due_at)
        for event in events
        for endpoint in endpoints
        if (endpoint.platform_id, endpoint.livemode) == (event.platform_id, event.livemode)
        and event.type in endpoint.types
    ]


def number_committed() -> None:
    """Number every committed event that has no number, in a transaction of its own, as the change sequence does."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBERING])  # a statement of its own: see `sequence`
        cursor.execute(NUMBER_COMMITTED)


def purge() -> None:
    Event.objects.filter(at__lt=timezone.now() - KEPT).delete()
