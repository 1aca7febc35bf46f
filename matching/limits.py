"""How much a platform may ask: GCRA, a bucket that leaks evenly, as one script in Redis.

A bucket is one number, the *theoretical arrival time* (TAT): when all that was asked so far will have leaked out at the
allowed rate. A question passes when the TAT, with its own cost added, lies at most one period ahead. Times by Redis's
clock. Source: the Generic Cell Rate Algorithm, ITU-T I.371, in its virtual scheduling form.

A process takes a little in advance, what leaks out in a tenth of a second, and gives it out itself: most questions then
wait for no answer of Redis. What it holds was paid for, so it does not lapse; all processes together can hold as many
600ths of a limit as they are.

Nobody is refused because Redis is away: each process then counts for itself, its share of the limit, and Redis is left
alone for a moment so that a server that hangs costs one wait and not one for each question.
"""

import threading
import time
from dataclasses import dataclass, replace
from functools import cache
from math import ceil

import redis
import structlog
from django.conf import settings

from matching import metrics, published

log = structlog.get_logger(__name__)

PERIOD_S = 60
AWAY_S = 5.0
PORTIONS = 600  # of a limit, one of which is taken in advance

# KEYS: the bucket. ARGV: cost, limit (units a period, also the burst), period in µs. Answers whether it passed, the
# units that remain, and in µs: how long to wait, and until when the bucket is empty again. Numbers are written out
# whole: Lua would round what it makes of them to 14 digits.
GCRA = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local cost, limit, period = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local before = math.max(tonumber(redis.call('GET', KEYS[1])) or now, now)
local after = before + cost * period / limit
if after - period > now then
    return {0, math.floor((now + period - before) * limit / period), after - period - now, before - now}
end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000) + 1)
return {1, math.floor((now + period - after) * limit / period), 0, after - now}
"""


@dataclass(frozen=True, slots=True)
class Quota:
    """What a bucket says: `limit` and `remaining` in units, `wait_s` until the same may be asked again, 0 if it may."""

    passed: bool
    limit: int
    remaining: int
    wait_s: int
    reset_s: int

    @property
    def headers(self) -> dict[str, str]:
        """RateLimit headers, as draft-ietf-httpapi-ratelimit-headers writes them."""
        return {
            "RateLimit-Policy": f'"units";q={self.limit};w={PERIOD_S};qu="units"',
            "RateLimit": f'"units";r={self.remaining};t={self.reset_s}',
        }


def quota_of(limit: int, passed: float, remaining: float, wait_us: float, reset_us: float) -> Quota:
    return Quota(bool(passed), limit, max(0, int(remaining)), ceil(wait_us / 1e6), ceil(reset_us / 1e6))


@dataclass(frozen=True, slots=True)
class Advance:
    """`units` that are paid for, and what the bucket said when they were taken, by the monotonic clock."""

    units: int
    quota: Quota
    at: float

    def spent(self, cost: int) -> "Advance":
        return replace(self, units=self.units - cost)

    @property
    def now(self) -> Quota:
        """What the bucket would say now, if nobody else had taken of it."""
        passed_s = time.monotonic() - self.at
        refilled = self.quota.remaining + self.units + int(passed_s * self.quota.limit / PERIOD_S)
        reset_s = max(0, ceil(self.quota.reset_s - passed_s))
        return replace(self.quota, remaining=min(refilled, self.quota.limit), reset_s=reset_s)


def asked(bucket: str, cost: int, limit: int) -> Quota:
    """What Redis says of it. Raises redis.RedisError."""
    return quota_of(limit, *published.script(GCRA)(keys=[bucket], args=[cost, limit, PERIOD_S * 1_000_000]))


class Buckets:
    """Thread-safe."""

    def __init__(self) -> None:
        self._away_until = 0.0
        self._advances: dict[str, Advance] = {}
        self._local: dict[str, float] = {}  # TAT in µs by the monotonic clock
        self._lock = threading.Lock()

    def take(self, bucket: str, cost: int, limit: int) -> Quota:
        """Take so many units of a bucket that holds `limit` and fills in a minute. What costs more takes all of it."""
        cost = min(cost, limit)
        with self._lock:
            held = self._advances.get(bucket)
            if held and held.units >= cost and held.quota.limit == limit:
                held = self._advances[bucket] = held.spent(cost)
                return held.now
        if time.monotonic() >= self._away_until:
            try:
                return self._take_there(bucket, cost, limit)
            except redis.RedisError as error:
                self._away_until = time.monotonic() + AWAY_S
                log.warning("quota_counted_in_this_process", error=type(error).__name__)
        metrics.FALLBACKS.labels("quota").inc()
        share = max(1, limit // settings.WEB_WORKERS)
        return self._take_here(bucket, min(cost, share), share)

    def _take_there(self, bucket: str, cost: int, limit: int) -> Quota:
        """Raises redis.RedisError."""
        portion = limit // PORTIONS
        if portion >= cost:
            quota = asked(bucket, portion, limit)
            if quota.passed:
                with self._lock:
                    held = self._advances.get(bucket)
                    left = held.units if held and held.quota.limit == limit else 0
                    advance = self._advances[bucket] = Advance(left + portion - cost, quota, time.monotonic())
                return advance.now
        return asked(bucket, cost, limit)

    def _take_here(self, bucket: str, cost: int, limit: int) -> Quota:
        period, now = PERIOD_S * 1e6, time.monotonic() * 1e6
        with self._lock:
            before = max(self._local.get(bucket, now), now)
            after = before + cost * period / limit
            if after - period > now:
                return quota_of(limit, 0, (now + period - before) * limit / period, after - period - now, before - now)
            self._local[bucket] = after
        return quota_of(limit, 1, (now + period - after) * limit / period, 0, after - now)


@cache
def buckets() -> Buckets:
    """This process's."""
    return Buckets()
