"""Platforms: the only writer of them. What is done to one, or to its keys, is written down in the same transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from matching import ledger, sequence
from matching.models import Change, Platform, PlatformEvent
from matching.models.platform import NAME_LENGTH

OPERATOR = "operator"  # who acts by the command line


class PlatformExistsError(ValueError):
    """There is a platform of this name."""


def audit(by: str, action: str, platform: Platform, *, kid: str = "", **facts: Any) -> None:
    PlatformEvent.objects.create(by=by, action=action, platform=platform.id, kid=kid, facts=facts)


def known_name(name: str) -> str:
    """Raises ValueError."""
    if not name.strip() or len(name) > NAME_LENGTH:
        raise ValueError(f"the name of a platform has 1 to {NAME_LENGTH} characters")
    return name


def create(*, by: str, name: str, minimum_assurance: int = 0, units_per_minute: int | None = None) -> Platform:
    """Raises PlatformExistsError, and ValueError for a name, an assurance or a limit that cannot be."""
    if minimum_assurance not in range(4):
        raise ValueError(f"assurance {minimum_assurance} is not 0, 1, 2 or 3")
    if units_per_minute is not None and not 0 < units_per_minute < 2**31:
        raise ValueError(f"{units_per_minute} units a minute: give 1 to {2**31 - 1}")
    with transaction.atomic():
        platform, created = Platform.objects.get_or_create(
            name=known_name(name),
            defaults={"minimum_assurance": minimum_assurance, "units_per_minute": units_per_minute},
        )
        if not created:
            raise PlatformExistsError(f"there is a platform {name!r} already")
        audit(by, "platform.created", platform, assurance=minimum_assurance, units_per_minute=units_per_minute)
    return platform


def suspend(*, by: str, name: str) -> bool:
    """Refuse all its keys; whether that is in effect in every process already. Raises Platform.DoesNotExist."""
    return _change(by, name, timezone.now(), "platform.suspended")


def resume(*, by: str, name: str) -> bool:
    """Let its keys in again; as `suspend`."""
    return _change(by, name, None, "platform.resumed")


def change_again(platform: UUID, *, suspended: bool) -> bool:
    """After a restore; whether there is such a platform."""
    name = Platform.objects.filter(id=platform).values_list("name", flat=True).first()
    if name is not None:
        (suspend if suspended else resume)(by=OPERATOR, name=name)
    return name is not None


def _change(by: str, name: str, suspended_at: datetime | None, action: str) -> bool:
    with transaction.atomic(durable=True):
        platform = Platform.objects.select_for_update().get(name=name)
        if (platform.suspended_at is None) != (suspended_at is None):
            platform.suspended_at = suspended_at
            platform.save(update_fields=["suspended_at"])
            audit(by, action, platform)
            ledger.note(ledger.Kind(action), platform.id)
            sequence.record(Change.Kind.ACCESS, platform.id)
    return ledger.written() & sequence.settled()
