"""`Idempotency-Key`: a creating request that is sent again is answered as the first time, and creates nothing.

The answer is written in the transaction of what it tells of, so that both are there or neither; a day later it is
forgotten. Source: draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import orjson
from django.db import connection, transaction
from django.utils import timezone

from matching import keyring
from matching.api.auth import PlatformRequest
from matching.keyring import Sealed
from matching.models import Idempotent
from matching.problems import Problem

KEPT: Final = timedelta(days=1)
LONGEST: Final = 255
BOUND_TO: Final = "idempotency"


def once(request: PlatformRequest, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `act` answers, in one transaction with what it writes; of a repeated request, what it answered then.

    Raises Problem: invalid-request for a key that is too long, idempotency-in-flight, idempotency-mismatch; and what
    `act` raises, after which the key may be used again.
    """
    key = request.headers.get("Idempotency-Key", "")
    with transaction.atomic():
        if not key:
            return act()
        if len(key) > LONGEST:
            raise Problem("invalid-request", f"An Idempotency-Key has at most {LONGEST} characters.")
        access = request.access
        whose = {"platform_id": access.platform, "livemode": access.livemode, "key": key}
        take_turn(whose)
        digest = hashlib.sha256(f"{request.method} {request.path}\n".encode() + request.body).digest()
        Idempotent.objects.filter(**whose, at__lt=timezone.now() - KEPT).delete()
        if row := Idempotent.objects.filter(**whose).first():
            if bytes(row.request) != digest:
                raise Problem("idempotency-mismatch", "This Idempotency-Key was sent with another request before.")
            told = keyring.unseal(Sealed(row.key_id, bytes(row.blob)), protection=access.platform, profile=BOUND_TO)
            return dict(orjson.loads(told))
        answer = act()
        sealed = keyring.seal(orjson.dumps(answer), protection=access.platform, profile=BOUND_TO)
        Idempotent.objects.create(**whose, request=digest, key_id=sealed.key_id, blob=sealed.blob)
        return answer


def take_turn(whose: dict[str, Any]) -> None:
    """Raises Problem where the same key is at work in another transaction."""
    name = hashlib.sha256(repr(sorted(whose.items())).encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(name[:8], signed=True)])
        [free] = cursor.fetchone()
    if not free:
        raise Problem("idempotency-in-flight", "A request with this Idempotency-Key is being answered just now.")
