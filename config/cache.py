"""Django's cache: Redis while it answers, else the memory of this process.

Only counters, marks and locks of a few minutes lie in it, and nobody may be kept out because Redis is away: counted per
process, limits are looser for a while and still there. After a failure Redis is left alone for a moment, so that a
server that hangs costs one wait and not one for each command.
"""

import time
from collections.abc import Callable
from typing import Any

import redis
import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.utils.crypto import salted_hmac

from matching import metrics

log = structlog.get_logger(__name__)

AWAY_SECONDS = 5.0


def hidden(key: str, prefix: str, version: int) -> str:
    """A key as Redis sees it: allauth writes network addresses into its own."""
    return f"{prefix}:{version}:{salted_hmac('config.cache', key, algorithm='sha256').hexdigest()[:40]}"


class FailoverCache(BaseCache):
    """The commands that limits, locks and allauth use; all others are built on these by BaseCache."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._redis = RedisCache(server, params)
        self._memory = LocMemCache("failover", {})
        self._away_until = 0.0

    def _do(self, command: Callable[[BaseCache], Any]) -> Any:
        if time.monotonic() >= self._away_until:
            try:
                return command(self._redis)
            except redis.RedisError as error:
                self._away_until = time.monotonic() + AWAY_SECONDS
                log.warning("cache away, counting in this process", error=type(error).__name__)
        metrics.FALLBACKS.labels("cache").inc()
        return command(self._memory)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._do(lambda cache: cache.add(key, value, timeout, version)))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._do(lambda cache: cache.get(key, default, version))

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._do(lambda cache: cache.set(key, value, timeout, version))

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._do(lambda cache: cache.touch(key, timeout, version)))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._do(lambda cache: cache.delete(key, version)))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Raises ValueError where there is no such key, as Django's caches do."""
        return int(self._do(lambda cache: cache.incr(key, delta, version)))

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return bool(self._do(lambda cache: cache.has_key(key, version)))

    def clear(self) -> None:
        """Only what this process remembers: Redis holds what is not the cache's."""
        self._memory.clear()
        self._away_until = 0.0
