"""Wrong passwords cost time: after a few, each further one makes the next wait longer.

Counted three ways. *An account from one network* bears the usual forgetting and then locks for up to a quarter of an
hour. *An account from everywhere* is slowed only to one try in two minutes, so that nobody can shut a person out of
their own account by failing on purpose. *A network* may try many accounts, as a household or a shelter does, not a list
of them. An account is what was typed, existing or not, so that waiting tells nothing. Each attempt is counted before
the password is looked at, so that attempts made at once are no more than attempts made in turn.

Kept in Django's cache: see config/cache.py for what happens when Redis is away.
"""

import time
from dataclasses import dataclass

from django.core.cache import cache
from django.utils.crypto import salted_hmac

FIRST_WAIT = 15.0  # seconds; doubles with each further failure
MEMORY = 6 * 3600  # seconds after which failures are forgotten


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    free: int  # attempts before the first wait
    longest: float  # seconds

    def wait(self, attempts: int) -> float:
        """How long the next attempt has to wait after so many."""
        beyond = attempts - self.free
        return 0.0 if beyond < 0 else min(FIRST_WAIT * 2.0 ** min(beyond, 20), self.longest)


ACCOUNT_HERE = Rule("here", free=5, longest=15 * 60)
ACCOUNT = Rule("account", free=20, longest=2 * 60)
NETWORK = Rule("network", free=60, longest=15 * 60)


class LockedError(Exception):
    """Too many attempts: `seconds` until the next one is looked at."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"locked for {seconds:.0f} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Counter:
    rule: Rule
    subject: str

    @property
    def key(self) -> str:
        """Never the address or number itself: Redis needs not know it."""
        digest = salted_hmac("consent.accounts.backoff", self.subject, algorithm="sha256").hexdigest()
        return f"backoff:{self.rule.name}:{digest[:40]}"

    def wait(self) -> float:
        until = cache.get(f"{self.key}:until")
        return max(0.0, until - time.time()) if until else 0.0

    def count(self) -> None:
        """Raises LockedError where another attempt has come first."""
        attempts = increment(self.key, MEMORY)
        wait = self.rule.wait(attempts)
        if wait and not cache.add(f"{self.key}:until", time.time() + wait, timeout=max(1, round(wait))):
            raise LockedError(self.wait() or wait)

    def forget(self) -> None:
        cache.delete_many([self.key, f"{self.key}:until"])


@dataclass(frozen=True, slots=True)
class Attempt:
    counters: tuple[Counter, ...]

    def succeeded(self) -> None:
        """The account is as new; its network is not, or one's own log-ins would buy attempts on others' accounts."""
        for counter in self.counters:
            if counter.rule is not NETWORK:
                counter.forget()


def attempt(account: str, network: str) -> Attempt:
    """Count an attempt on an account before it is looked at. Raises LockedError."""
    counters = (
        Counter(ACCOUNT_HERE, f"{account}|{network}"),
        Counter(ACCOUNT, account),
        Counter(NETWORK, network),
    )
    if wait := max(counter.wait() for counter in counters):
        raise LockedError(wait)
    for counter in counters:
        counter.count()
    return Attempt(counters)


def increment(key: str, seconds: int, by: int = 1) -> int:
    """A counter that lives so long after its first count; returns what it stands at."""
    cache.add(key, 0, timeout=seconds)
    try:
        return cache.incr(key, by)
    except ValueError:  # it went away in between: its time was over, or Redis came or went
        cache.set(key, by, timeout=seconds)
        return by
