"""Who may ask: API keys as one process may believe them.

A key that was read from PostgreSQL is believed from memory as long as the change sequence has told of no later change
of any key or platform. A revoked key therefore stops everywhere with the next request, by the rule that the index
obeys.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError, InterfaceError

from matching.models import ApiKey
from matching.published import Position


@dataclass(frozen=True, slots=True)
class Access:
    """A key and its platform."""

    key: UUID
    kid: str
    digest: bytes
    pepper_id: str
    livemode: bool
    scopes: tuple[str, ...]
    networks: tuple[str, ...]
    expires_at: datetime | None
    revoked: bool
    platform: UUID
    platform_name: str
    suspended: bool
    minimum_assurance: int
    units_per_minute: int | None  # None: the registry's default


@dataclass(frozen=True, slots=True)
class Belief:
    """`confirmed` is false for a key remembered from before PostgreSQL or Redis went away."""

    access: Access
    confirmed: bool


class AccessUnknownError(Exception):
    """PostgreSQL is away and the key is not remembered: nothing can be said of it."""


def from_database(kid: str) -> Access | None:
    row = ApiKey.objects.select_related("platform").filter(kid=kid).first()
    if row is None:
        return None
    return Access(
        key=row.id,
        kid=row.kid,
        digest=bytes(row.digest),
        pepper_id=row.pepper_id,
        livemode=row.livemode,
        scopes=tuple(row.scopes),
        networks=tuple(row.networks),
        expires_at=row.expires_at,
        revoked=row.revoked_at is not None,
        platform=row.platform.id,
        platform_name=row.platform.name,
        suspended=row.platform.suspended_at is not None,
        minimum_assurance=row.platform.minimum_assurance,
        units_per_minute=row.platform.units_per_minute,
    )


class Directory:
    """The keys that this process has seen. Thread-safe: entries are replaced whole."""

    def __init__(self) -> None:
        self._remembered: dict[str, tuple[Access, Position]] = {}
        self._last_change = Position(0, 0)

    def changed(self, position: Position) -> None:
        """A key or a platform changed here in the sequence: what was read before is no longer believed."""
        self._last_change = max(self._last_change, position)

    def look_up(self, kid: str, held: Position | None, *, current: bool) -> Belief | None:
        """The key, or None when there is none.

        `held` is the position that this process has followed the sequence to, `current` whether that is known to be
        the latest. Raises AccessUnknownError.
        """
        remembered = self._remembered.get(kid)
        if remembered and current and remembered[1] >= self._last_change:
            return Belief(remembered[0], confirmed=True)
        try:
            access = from_database(kid)
        except (DatabaseError, InterfaceError):
            if remembered and remembered[1] >= self._last_change:
                return Belief(remembered[0], confirmed=False)
            raise AccessUnknownError from None
        if access is None:
            self._remembered.pop(kid, None)
            return None
        if held is not None:
            # Read at or after `held`: a change beyond it makes this entry void when the follower meets it.
            self._remembered[kid] = (access, held)
        return Belief(access, confirmed=True)
