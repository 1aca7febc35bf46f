"""When each key was last used, written once a minute at most and never in the way of an answer.

With it goes the key's digest under the current pepper, where the one that is stored is of an older.
"""

import threading
import time
from functools import cache
from uuid import UUID

import structlog
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from matching import keys
from matching.connections import settle_connections
from matching.models import ApiKey

log = structlog.get_logger(__name__)

INTERVAL_S = 60.0


class LastUsed:
    """Thread-safe. A note that cannot be written is dropped: the next use brings another."""

    def __init__(self, interval: float = INTERVAL_S) -> None:
        self._interval = interval
        self._noted: dict[UUID, float] = {}
        self._waiting: dict[UUID, bytes | None] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()

    def note(self, key: UUID, *, renewed: bytes | None = None) -> None:
        now = time.monotonic()
        with self._lock:
            if now - self._noted.get(key, -self._interval) < self._interval:
                return
            self._noted[key] = now
            self._waiting[key] = renewed
        self._wake.set()

    def write(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        if waiting:
            ApiKey.objects.filter(id__in=waiting).update(last_used_at=timezone.now())
        for key, digest in waiting.items():
            if digest is not None:
                ApiKey.objects.filter(id=key).update(digest=digest, pepper_id=keys.pepper_id())

    def run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            try:
                self.write()
            except (DatabaseError, InterfaceError) as error:
                log.warning("last_use_not_written", error=type(error).__name__)
            finally:
                settle_connections()


@cache
def last_used() -> LastUsed:
    """This process's notes, written by a thread of their own."""
    notes = LastUsed()
    threading.Thread(target=notes.run, name="last-used", daemon=True).start()
    return notes
