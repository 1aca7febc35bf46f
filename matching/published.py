"""How far the change sequence has come, published in Redis so that a check learns it without asking PostgreSQL.

The rule of belief. Every acknowledged change was first numbered in PostgreSQL, then published here. A number read here
is believed only within an *incarnation* that this process has checked against PostgreSQL after it first saw it. An
incarnation is the server's `run_id`, which changes when it restarts (perhaps from an old snapshot), and a random mark
made when the entry was made, which changes when the entry was lost (FLUSHALL, eviction). Within one incarnation the
number only rises, so what was acknowledged before the check against PostgreSQL is in that check, and what was
acknowledged after it has raised the number.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

RAISE = """
local e = tonumber(redis.call('HGET', KEYS[1], 'epoch'))
local n = tonumber(redis.call('HGET', KEYS[1], 'number'))
local epoch, number = tonumber(ARGV[1]), tonumber(ARGV[2])
if not e or not n then
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'number', number, 'mark', ARGV[3])
elseif epoch > e or (epoch == e and number > n) then
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'number', number)
end
"""
READ = """
local entry = redis.call('HMGET', KEYS[1], 'epoch', 'number', 'mark')
entry[4] = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
return entry
"""


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place in the change sequence; a later one is greater."""

    epoch: int
    number: int


@dataclass(frozen=True, slots=True)
class Entry:
    position: Position
    incarnation: tuple[bytes, bytes]


class NoEntryError(Exception):
    """Redis answers and holds no position: it was emptied, or nothing was ever published."""


@cache
def client() -> redis.Redis:
    """Redis for the published position. Half a second without an answer is "away"; one retry meets a restart."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 1)
    )


@cache
def script(source: str) -> Callable[..., Any]:
    return client().register_script(source)


def key(lineage: UUID) -> str:
    return f"veto:{lineage.hex}:published"


def publish(lineage: UUID, position: Position) -> None:
    """Raise the published position to this one; never lowers it. Raises redis.RedisError."""
    script(RAISE)(keys=[key(lineage)], args=[position.epoch, position.number, secrets.token_hex(8)])


def read(lineage: UUID) -> Entry:
    """Raises redis.RedisError when Redis is away, NoEntryError when it holds no position."""
    epoch, number, mark, run_id = script(READ)(keys=[key(lineage)])
    if None in (epoch, number, mark, run_id):
        raise NoEntryError
    return Entry(Position(int(epoch), int(number)), (run_id, mark))


class Latest:
    """The latest acknowledged position as one process may believe it. Thread-safe.

    `from_database` reads the position in PostgreSQL; what it raises when PostgreSQL is away is raised here.
    """

    def __init__(self, lineage: UUID, from_database: Callable[[], Position]) -> None:
        self.lineage = lineage
        self._from_database = from_database
        self._checked: tuple[bytes, bytes] | None = None
        self._lock = threading.Lock()

    def position(self) -> Position:
        """A position that no change acknowledged before this call lies beyond."""
        try:
            entry = read(self.lineage)
        except (redis.RedisError, NoEntryError):
            return self._from_database()
        if entry.incarnation == self._checked:
            return entry.position
        # The order matters: seen in Redis first, then read in PostgreSQL.
        position = self._from_database()
        with self._lock:
            self._checked = entry.incarnation
        return max(position, entry.position)
