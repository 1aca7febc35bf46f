"""How far the change sequence has come, published in Redis so that a check learns it without asking PostgreSQL.

The rule of belief. Every acknowledged change was first numbered in PostgreSQL, then published here. A number read here
is believed only within an *incarnation* that this process has checked against PostgreSQL after it first saw it. An
incarnation is the server's `run_id`, which changes when it restarts (perhaps from an old snapshot), and a random mark
made when the entry was made, which changes when the entry was lost (FLUSHALL, eviction). Within one incarnation the
number only rises, so what was acknowledged before the check against PostgreSQL is in that check (whose answer is kept:
a publisher that comes late may have made the entry with an old number), and what was acknowledged after it has raised
the number. One server counts: of a replica, which may lag behind it, nothing is believed.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from redis.backoff import NoBackoff
from redis.retry import Retry

SILENT_S = 5.0  # in which a Redis that did not answer in time is not asked again

RAISE = """
local entry = redis.call('HMGET', KEYS[1], 'epoch', 'number', 'head', 'mark')
local e, n, head, mark = tonumber(entry[1]), tonumber(entry[2]), entry[3], entry[4]
local epoch, number = tonumber(ARGV[1]), tonumber(ARGV[2])
if not (e and n and head and mark) then
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'number', number, 'head', ARGV[3], 'mark', ARGV[4])
elseif epoch > e or (epoch == e and number > n) then
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'number', number, 'head', ARGV[3])
else
    return {e, n, head}
end
return {epoch, number, ARGV[3]}
"""
READ = """
local entry = redis.call('HMGET', KEYS[1], 'epoch', 'number', 'head', 'mark')
local epoch, number, head, mark = tonumber(entry[1]), tonumber(entry[2]), entry[3], entry[4]
local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local primary = string.find(redis.call('INFO', 'replication'), 'role:master', 1, true)
if not (epoch and number and head and mark and run_id and primary) then
    return false
end
return {epoch, number, head, run_id, mark}
"""


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place in the change sequence; a later one is greater.

    `head` tells the change that has this number from any other. Numbers alone do not: a database that has lost its last
    changes (an older backup put back, a standby that lagged behind and took over) gives their numbers again.
    """

    epoch: int
    number: int
    head: str = field(default="", compare=False)

    def contradicts(self, other: "Position") -> bool:
        """Whether both give one number to different changes: one of the two histories was lost."""
        return self == other and self.head != other.head


@dataclass(frozen=True, slots=True)
class Entry:
    position: Position
    incarnation: tuple[bytes, bytes]


class NoEntryError(Exception):
    """Redis answers and holds no position to believe: it was emptied, or it is a replica."""


@cache
def client() -> redis.Redis:
    """Redis for the published position. Half a second without an answer is "away"; one retry meets a restart."""
    once_more = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, retry=once_more)


@cache
def script(source: str) -> Callable[..., Any]:
    return client().register_script(source)


def key(lineage: UUID) -> str:
    return f"veto:{lineage.hex}:published"


def publish(lineage: UUID, position: Position) -> Position:
    """Raise the published position to this one, never lower it; returns what stands then. Raises redis.RedisError."""
    mark = secrets.token_hex(8)
    epoch, number, head = script(RAISE)(
        keys=[key(lineage)], args=[position.epoch, position.number, position.head, mark]
    )
    return Position(epoch, number, head.decode())


def read(lineage: UUID) -> Entry:
    """Raises redis.RedisError when Redis is away, NoEntryError when it holds no position."""
    entry = script(READ)(keys=[key(lineage)])
    if entry is None:
        raise NoEntryError
    epoch, number, head, run_id, mark = entry
    return Entry(Position(epoch, number, head.decode()), (run_id, mark))


class Latest:
    """The latest acknowledged position as one process may believe it. Thread-safe.

    `from_database` reads the position in PostgreSQL; what it raises when PostgreSQL is away is raised here. A Redis
    that says nothing is left alone for a moment: it costs one wait, and not one for each question.
    """

    def __init__(self, lineage: UUID, from_database: Callable[[], Position]) -> None:
        self.lineage = lineage
        self._from_database = from_database
        self._checked: Entry | None = None
        self._silent_until = 0.0  # by the monotonic clock

    def position(self) -> Position:
        """A position that no change acknowledged before this call lies beyond."""
        away: Exception | None = None
        if time.monotonic() < self._silent_until:
            try:
                return self._from_database()
            except (DatabaseError, InterfaceError) as error:
                away, self._silent_until = error, 0.0
        try:
            entry = read(self.lineage)
        except (redis.RedisError, NoEntryError) as error:
            if away:
                raise away from None
            if isinstance(error, redis.TimeoutError):
                self._silent_until = time.monotonic() + SILENT_S
            return self._from_database()
        checked = self._checked
        if checked is None or checked.incarnation != entry.incarnation:
            # The order matters: seen in Redis first, then read in PostgreSQL.
            checked = self._checked = Entry(self._from_database(), entry.incarnation)
        return max(entry.position, checked.position)
