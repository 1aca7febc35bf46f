"""Seal anew, under the ring's current key, what older keys sealed: a batch at a time, beside the running service.

Each batch is a transaction of its own, so that it may be stopped and begun again at will. What is sealed stays the
same, so that no reader need learn of it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Model, Q, QuerySet

from matching import exclusions, keyring, signing
from matching.api import idempotency
from matching.keyring import Sealed, UnreadableBlobError
from matching.models import Exclusion, Idempotent, SigningKey, StoredFingerprint, WebhookEndpoint

BATCH: Final = 500

# Every table with a blob that the ring seals, and what a blob in it is bound to.
SEALED: Final[dict[type[Model], Callable[[Any], tuple[UUID, str]]]] = {
    StoredFingerprint: lambda row: (row.protection_id, row.profile),
    Exclusion: lambda row: (row.id, exclusions.BOUND_TO),
    WebhookEndpoint: lambda row: (row.platform_id, row.public_id),
    Idempotent: lambda row: (row.platform_id, idempotency.BOUND_TO),
    SigningKey: lambda row: (row.id, signing.BOUND_TO),
}


def current_key() -> str:
    return str(next(iter(settings.FINGERPRINT_KEYS)))


def sealed_by() -> Counter[str]:
    """How many blobs each key of the ring has sealed, also those that are no longer in it."""
    found = Counter[str]()
    for model in SEALED:
        for key_id, count in QuerySet(model).values_list("key_id").annotate(Count("pk")).order_by():
            found[key_id] += count
    return found


def reseal() -> Iterator[tuple[int, list[str]]]:
    """Of each batch how many are sealed anew, and what does not open; that stays as it is."""
    for model, bound_to in SEALED.items():
        everything: QuerySet[Any] = QuerySet(model)
        last: Any = None
        while True:
            after = Q() if last is None else Q(pk__gt=last)
            with transaction.atomic():
                stale = everything.filter(after).exclude(key_id=current_key()).order_by("pk")
                rows = list(stale.select_for_update()[:BATCH])
                unreadable = [fault for row in rows if (fault := renew(row, *bound_to(row)))]
            if not rows:
                break
            last = rows[-1].pk
            yield len(rows) - len(unreadable), unreadable


def renew(row: Any, protection: UUID, profile: str) -> str:
    """What is wrong with the row; nothing, and it is sealed anew."""
    try:
        data = keyring.unseal(Sealed(row.key_id, bytes(row.blob)), protection=protection, profile=profile)
    except UnreadableBlobError as error:
        return f"{type(row).__name__} {row.pk}: {error}"
    sealed = keyring.seal(data, protection=protection, profile=profile)
    row.key_id, row.blob = sealed.key_id, sealed.blob
    row.save(update_fields=["key_id", "blob"])
    return ""
