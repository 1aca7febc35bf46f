"""API keys: `veto_live_<kid>_<secret><crc>`, base62. What is stored of the secret is HMAC-SHA256(pepper, secret), and
which pepper that was: a key that was issued under an older one is stored under the current one when it is used.

kid: 10 characters, may be shown. secret: 256 bits in 43 characters. crc: CRC-32 of all that stands before it, in 6
characters, so that a mistyped or leaked key is recognised with no look-up.
"""

import hashlib
import hmac
import ipaddress
import re
import secrets
import string
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from matching import events, ledger, sequence
from matching.models import ApiKey, Change, Platform
from matching.models.platform import SCOPES
from matching.platforms import audit

DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
SHAPE = re.compile(r"veto_(live|test)_([0-9A-Za-z]{10})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})", re.ASCII)


class InvalidKeyError(ValueError):
    """Not a key, or a mistyped one."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A key as its holder sends it."""

    livemode: bool
    kid: str
    secret: str

    def __str__(self) -> str:
        body = f"veto_{'live' if self.livemode else 'test'}_{self.kid}_{self.secret}"
        return body + base62(zlib.crc32(body.encode()), 6)

    def __repr__(self) -> str:
        return f"Credential({self.kid})"

    @property
    def digest(self) -> bytes:
        return self._digest(settings.API_KEY_PEPPERS[0])

    def opens(self, digest: bytes) -> bool:
        return any(hmac.compare_digest(self._digest(pepper), digest) for pepper in settings.API_KEY_PEPPERS)

    def _digest(self, pepper: bytes) -> bytes:
        return hmac.digest(pepper, self.secret.encode(), hashlib.sha256)


def pepper_id() -> str:
    """What tells the current pepper from others, and nothing else of it."""
    return hashlib.sha256(b"pepper id" + settings.API_KEY_PEPPERS[0]).hexdigest()[:16]


def of_older_peppers(now: datetime) -> QuerySet[ApiKey]:
    """Keys that are good and would be lost with the older peppers."""
    good = ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)
    return good.exclude(pepper_id=pepper_id())


def base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, rest = divmod(number, 62)
        digits.append(DIGITS[rest])
    return "".join(reversed(digits))


def parse(text: str) -> Credential:
    """Raises InvalidKeyError, whose message never repeats the text."""
    match = SHAPE.fullmatch(text)
    if match is None:
        raise InvalidKeyError("this is not a key: one reads veto_live_… or veto_test_… and has 70 characters")
    mode, kid, secret, _ = match.groups()
    credential = Credential(mode == "live", kid, secret)
    if str(credential) != text:
        raise InvalidKeyError("the key is mistyped: its last six characters do not fit the others")
    return credential


def known_scopes(scopes: Iterable[str]) -> list[str]:
    """Raises ValueError, which names the unknown scope and the known ones, or when there is none."""
    chosen = set(scopes)
    if not chosen:
        raise ValueError(f"name at least one scope; the scopes are {', '.join(SCOPES)}")
    if unknown := chosen - set(SCOPES):
        raise ValueError(f"unknown scope {', '.join(map(repr, sorted(unknown)))}; the scopes are {', '.join(SCOPES)}")
    return [scope for scope in SCOPES if scope in chosen]


def known_networks(networks: Iterable[str]) -> list[str]:
    """Raises ValueError, which names what is not a network."""
    try:
        return [str(ipaddress.ip_network(network)) for network in networks]
    except ValueError as error:
        raise ValueError(f"{error}; write a network as 192.0.2.0/24 or 2001:db8::/32") from None


def issue(
    *,
    by: str,
    platform: Platform,
    livemode: bool,
    scopes: Iterable[str] = ("check",),
    networks: Iterable[str] = (),
    expires_at: datetime | None = None,
) -> tuple[ApiKey, Credential]:
    """A new key; the credential is to be shown once. Raises ValueError for an unknown scope or a bad network."""
    scopes, networks = known_scopes(scopes), known_networks(networks)
    with transaction.atomic():
        api_key, credential = _make(
            platform=platform, livemode=livemode, scopes=scopes, networks=networks, expires_at=expires_at
        )
        audit(by, "key.issued", platform, kid=api_key.kid, livemode=livemode, scopes=scopes, networks=networks)
    return api_key, credential


def _make(*, livemode: bool, **fields: Any) -> tuple[ApiKey, Credential]:
    kid = base62(secrets.randbelow(62**10), 10)
    credential = Credential(livemode, kid, base62(secrets.randbits(256), 43))
    stored = {"digest": credential.digest, "pepper_id": pepper_id()}
    return ApiKey.objects.create(kid=kid, livemode=livemode, **stored, **fields), credential


def rotate(*, by: str, kid: str, overlap: timedelta) -> tuple[ApiKey, Credential, bool]:
    """A new key that may what this one may, for as long as it was given; this one ends after `overlap`.

    At most two of one line are good at a time. The last value: whether the old one's end is known everywhere. Raises
    ApiKey.DoesNotExist, and ValueError for one that is not in force or is being replaced already.
    """
    now = timezone.now()
    with transaction.atomic(durable=True):
        old = ApiKey.objects.select_for_update().get(kid=kid)
        if not old.in_force(now):
            raise ValueError("this key is no longer good, and cannot be replaced by another; issue one")
        line = [*ApiKey.objects.filter(Q(replaces=old) | Q(id=old.replaces_id)).order_by("created_at")]
        if others := [key.kid for key in line if key.in_force(now)]:
            raise ValueError(f"{others[0]} stands beside this key; revoke one of the two first")
        api_key, credential = _make(
            platform=old.platform,
            livemode=old.livemode,
            scopes=old.scopes,
            networks=old.networks,
            expires_at=old.expires_at and now + (old.expires_at - old.created_at),
            replaces=old,
        )
        old.expires_at = min(filter(None, [old.expires_at, now + overlap]))
        old.save(update_fields=["expires_at"])
        ends = old.expires_at.isoformat(timespec="seconds")
        audit(by, "key.rotated", old.platform, kid=old.kid, replaced_by=api_key.kid, ends=ends)
        events.key_expiring([old])
        ledger.note(ledger.Kind.KEY_ENDS, old.id, at=old.expires_at)
        sequence.record(Change.Kind.ACCESS, old.id)
    return api_key, credential, ledger.written() & sequence.settled()


def revoke(*, by: str, kid: str) -> bool:
    """Revoke a key in every process; whether that is in effect already. Raises ApiKey.DoesNotExist."""
    with transaction.atomic(durable=True):
        api_key = ApiKey.objects.select_for_update().get(kid=kid)
        if api_key.revoked_at is None:
            api_key.revoked_at = timezone.now()
            api_key.save(update_fields=["revoked_at"])
            audit(by, "key.revoked", api_key.platform, kid=kid)
            ledger.note(ledger.Kind.KEY_REVOKED, api_key.id)
            sequence.record(Change.Kind.ACCESS, api_key.id)
    return ledger.written() & sequence.settled()


def revoke_again(api_key: UUID) -> bool:
    """After a restore; whether there is such a key."""
    kid = ApiKey.objects.filter(id=api_key).values_list("kid", flat=True).first()
    if kid is not None:
        revoke(by="operator", kid=kid)
    return kid is not None


def end_again(api_key: UUID, ends: datetime) -> bool:
    """After a restore, in which the key that took its place may be gone; whether there is such a key."""
    with transaction.atomic(durable=True):
        row = ApiKey.objects.select_for_update().filter(id=api_key).first()
        if row is not None and (row.expires_at is None or row.expires_at > ends):
            row.expires_at = ends
            row.save(update_fields=["expires_at"])
            audit("operator", "key.ends_again", row.platform, kid=row.kid, ends=ends.isoformat(timespec="seconds"))
            sequence.record(Change.Kind.ACCESS, row.id)
    return row is not None


def allowed_from(address: str, networks: Sequence[str]) -> bool:
    """Whether a key with these networks (none: any) may be used from this address."""
    if not networks:
        return True
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return any(ip in ipaddress.ip_network(network) for network in networks)
