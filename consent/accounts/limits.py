"""How much may be registered in a day, by one session and from one network: caps that are settings.

Photos over a cap are not refused but *pending*; accounts and look-ups over it are refused until tomorrow. A network is
an IPv4 address or an IPv6 /64, so a shelter or a school counts as one: its cap is the wider.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from consent.accounts.backoff import increment
from matching.network import client_network

SESSION_KEY = "counted_as"
KEPT = int(timedelta(days=2).total_seconds())


@dataclass(frozen=True, slots=True)
class Caps:
    """What is counted, and the names of the settings that hold its caps for a day."""

    name: str
    per_network: str
    per_session: str | None = None


PHOTOS = Caps("photos", "PHOTOS_PER_NETWORK_PER_DAY", "PHOTOS_PER_SESSION_PER_DAY")
ACCOUNTS = Caps("accounts", "ACCOUNTS_PER_NETWORK_PER_DAY", "ACCOUNTS_PER_SESSION_PER_DAY")
LOOKUPS = Caps("lookups", "LOOKUPS_PER_NETWORK_PER_DAY")  # a session costs nothing: only the network is counted


def photos_over_cap(request: HttpRequest, number: int = 1) -> bool:
    """Count photos that are being registered; True if these go over a cap of today."""
    return count(request, PHOTOS, number)


def accounts_over_cap(request: HttpRequest) -> bool:
    """Count an account that is being opened; True if this one goes over a cap of today."""
    return count(request, ACCOUNTS, 1)


def lookups_over_cap(request: HttpRequest) -> bool:
    """Count a question whether a photo is registered; True if this one goes over today's cap."""
    return count(request, LOOKUPS, 1)


def may_open_account(request: HttpRequest) -> bool:
    """Whether one more account would be within the caps; counts nothing."""
    return all(cache.get(key, 0) < cap for key, cap in counters(request, ACCOUNTS))


def count(request: HttpRequest, caps: Caps, number: int) -> bool:
    stands = [(increment(key, KEPT, number), cap) for key, cap in counters(request, caps)]
    return any(counted > cap for counted, cap in stands)


def counters(request: HttpRequest, caps: Caps) -> list[tuple[str, int]]:
    """Today's counters (UTC), each with its cap."""
    today = timezone.now().date().isoformat()
    network = salted_hmac("consent.accounts.limits", client_network(request), algorithm="sha256").hexdigest()[:40]
    where = {f"network:{network}": caps.per_network}
    if caps.per_session:
        where[f"session:{session_mark(request)}"] = caps.per_session
    return [(f"limit:{caps.name}:{today}:{name}", getattr(settings, setting)) for name, setting in where.items()]


def session_mark(request: HttpRequest) -> str:
    """A name for this session that survives logging in, when the session's key changes."""
    mark = request.session.get(SESSION_KEY)
    if not isinstance(mark, str):
        mark = request.session[SESSION_KEY] = secrets.token_hex(8)
    return mark
