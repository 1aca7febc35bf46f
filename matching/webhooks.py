"""Webhooks: events sent to where platforms wish them, signed as Standard Webhooks 1.0 says (standardwebhooks.com).

What must be sent is a row of the outbox. To send it, a process takes it for a while and counts the attempt, in a
transaction that is over before the first byte goes out; it deletes it when the endpoint has taken the event. One that
is killed in between leaves the row, which is sent again; the receiver knows a repeat by its `webhook-id`.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from matching import keyring, ledger, outgoing
from matching.keyring import Sealed
from matching.models import Delivery, Event, WebhookEndpoint

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(seconds=60)  # longer than sending what is taken at once can last
AT_ONCE: Final = 8
# After each attempt that failed; after the last one it is given up, and can still be pulled.
BACK_OFF: Final = [timedelta(seconds=5), *(timedelta(minutes=each) for each in (5, 30, 120, 300, 600, 840, 1200, 1440))]
GONE: Final = 410
SECRET_BYTES: Final = 32


def make_endpoint(*, url: str, types: Iterable[str], **whose: Any) -> WebhookEndpoint:
    """Raises ValueError for an address that cannot be one."""
    outgoing.parsed(url)
    public_id = f"whe_{secrets.token_hex(12)}"
    sealed = keyring.seal(os.urandom(2 * SECRET_BYTES), protection=whose["platform_id"], profile=public_id)
    return WebhookEndpoint.objects.create(
        public_id=public_id, url=url, types=list(types), key_id=sealed.key_id, blob=sealed.blob, **whose
    )


def delete_endpoint(*, public_id: str, **whose: Any) -> bool:
    """Whether there was such a one. Nothing is sent to it any more."""
    with transaction.atomic(durable=True):
        deleted, _ = WebhookEndpoint.objects.filter(public_id=public_id, **whose).delete()
        if deleted:
            ledger.note(ledger.Kind.ENDPOINT_DELETED, ledger.named(public_id))
    ledger.written()
    return bool(deleted)


def delete_endpoint_again(named: UUID) -> bool:
    """After a restore; whether there is such a one."""
    known = WebhookEndpoint.objects.values_list("public_id", flat=True)
    return any(delete_endpoint(public_id=each) for each in known if ledger.named(each) == named)


def keys_of(endpoint: WebhookEndpoint) -> tuple[bytes, Ed25519PrivateKey]:
    """The secret of its HMACs and its signing key. Raises UnreadableBlobError."""
    sealed = Sealed(endpoint.key_id, bytes(endpoint.blob))
    both = keyring.unseal(sealed, protection=endpoint.platform_id, profile=endpoint.public_id)
    return both[:SECRET_BYTES], Ed25519PrivateKey.from_private_bytes(both[SECRET_BYTES:])


def shown_secret(endpoint: WebhookEndpoint) -> str:
    return "whsec_" + base64.b64encode(keys_of(endpoint)[0]).decode()


def shown_public_key(endpoint: WebhookEndpoint) -> str:
    return "whpk_" + base64.b64encode(keys_of(endpoint)[1].public_key().public_bytes_raw()).decode()


def in_words(event: Event) -> dict[str, Any]:
    """An event as it is sent, and pulled."""
    return {
        "id": event.public_id,
        "type": event.type,
        "timestamp": event.at.isoformat(timespec="milliseconds"),
        "livemode": event.livemode,
        "data": event.data,
    }


def signed(event: Event, endpoint: WebhookEndpoint) -> tuple[bytes, dict[str, str]]:
    """Body and headers, with a signature of each kind."""
    body = json.dumps(in_words(event), separators=(",", ":")).encode()
    stamp = str(int(timezone.now().timestamp()))
    message = f"{event.public_id}.{stamp}.".encode() + body
    secret, private = keys_of(endpoint)
    signatures = {"v1": hmac.digest(secret, message, hashlib.sha256), "v1a": private.sign(message)}
    return body, {
        "Content-Type": "application/json",
        "User-Agent": "Veto",
        "webhook-id": event.public_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"{kind},{base64.b64encode(each).decode()}" for kind, each in signatures.items()),
    }


def deliver_due() -> int:
    """Send some of what is due; how many were tried."""
    taken = take()
    if taken:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for delivery, status in zip(taken, pool.map(attempt, taken), strict=True):
                settle(delivery, status)
    return len(taken)


def take() -> list[Delivery]:
    now = timezone.now()
    with transaction.atomic(durable=True):
        due = Delivery.objects.filter(due_at__lte=now).order_by("due_at").select_for_update(skip_locked=True)
        ids = [delivery.id for delivery in due[:AT_ONCE]]
        Delivery.objects.filter(id__in=ids).update(due_at=now + LEASE, attempts=F("attempts") + 1)
    return list(Delivery.objects.filter(id__in=ids).select_related("event", "endpoint").order_by("id"))


def attempt(delivery: Delivery) -> int:
    """The status that the endpoint answered; 0 where it did not."""
    try:
        body, headers = signed(delivery.event, delivery.endpoint)
        return outgoing.post(delivery.endpoint.url, body, headers)
    except outgoing.UnreachableError:
        return 0
    except Exception:
        log.exception("webhook_not_sent")  # whatever it was: tried again, and no other endpoint's concern
        return 0


def settle(delivery: Delivery, status: int) -> None:
    """What follows from the answer. An endpoint that answers 410 wishes to hear no more."""
    mine = Delivery.objects.filter(id=delivery.id)
    endpoint = WebhookEndpoint.objects.filter(id=delivery.endpoint_id)
    taken = 200 <= status < 300
    if not taken:
        log.info("webhook_not_taken", endpoint=delivery.endpoint.public_id, status=status, attempt=delivery.attempts)
    with transaction.atomic():
        if taken:
            mine.delete()
            endpoint.exclude(failing_since=None).update(failing_since=None)
        elif status == GONE:
            endpoint.update(disabled_at=timezone.now())
            Delivery.objects.filter(endpoint=delivery.endpoint_id).delete()
        else:
            endpoint.filter(failing_since=None).update(failing_since=timezone.now())
            wait = BACK_OFF[delivery.attempts - 1 : delivery.attempts]
            mine.update(due_at=timezone.now() + wait[0]) if wait else mine.delete()
