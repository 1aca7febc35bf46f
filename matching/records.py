"""What is kept of checks, gathered in memory and written once in a while, never in the way of an answer.

What the loss policy is: a process that is killed loses what it noted in the last second. While PostgreSQL is away the
notes wait, up to a bound; what comes beyond it is dropped, counted, and shown in `/v1/status`. A proof can stand in a
report for a check that was not kept.
"""

import atexit
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Final
from uuid import UUID

import structlog
from django.db import DatabaseError, InterfaceError, connection, transaction

from matching import events, metrics, refs
from matching.connections import settle_connections
from matching.decision import Decision, say
from matching.models import Check, CheckCount, Protection, Report, Told
from matching.uses import to_mask

log = structlog.get_logger(__name__)

WAIT_S: Final = 0.5  # from the first note to its writing; twice as long is promised
AWAY_S: Final = 1.0
MOST: Final = 20_000  # checks, and counters, that wait at most

Counted = tuple[UUID, bool, str, str, int]  # platform, livemode, result, use, minute since 1970

ADD = """
INSERT INTO matching_checkcount (platform_id, livemode, result, use, minute, count)
SELECT * FROM unnest(%s::uuid[], %s::bool[], %s::text[], %s::text[], %s::timestamptz[], %s::bigint[])
ON CONFLICT (platform_id, livemode, result, use, minute)
DO UPDATE SET count = matching_checkcount.count + EXCLUDED.count
"""
HELD = "SELECT id, state, uses, updated_at FROM matching_protection WHERE id = ANY(%s) FOR SHARE NOWAIT"


@dataclass(frozen=True, slots=True)
class Noted:
    """A check, and of each protection that it told of the refused uses that it told."""

    check: Check
    told: dict[UUID, int]


@dataclass(frozen=True, slots=True)
class Now:
    """What a protection says now, and since when."""

    active: bool
    uses: int
    changed: datetime


@dataclass(frozen=True, slots=True)
class Notes:
    checks: list[Noted]
    counts: Counter[Counted]


class Records:
    """This process's notes. Thread-safe."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._notes = Notes([], Counter())
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self.dropped = 0  # questions of which nothing is kept

    def note(
        self, id_: str, platform: UUID, *, livemode: bool, decision: Decision | None, asked: Iterable[str]
    ) -> None:
        """Keep what was answered to a question; None is `indeterminate`."""
        result = decision.result if decision else "indeterminate"
        with self._lock:
            if decision is None or result == "no_match":
                kept = self._count([(platform, livemode, result, use, int(time.time() // 60)) for use in asked])
            else:
                told = {match.claim.protection: match.claim.uses for match in decision.matches} if livemode else {}
                check = Check(
                    id=id_,
                    platform_id=platform,
                    livemode=livemode,
                    at=datetime.now(UTC),
                    result=result,
                    uses=say(decision.uses),
                    protections=list(told),
                )
                kept = self._keep(Noted(check, told))
            if not kept:
                self._drop(1)
        if not self._wake.is_set():
            self._wake.set()

    def _drop(self, count: int) -> None:
        self.dropped += count
        metrics.DROPPED.inc(count)

    def _count(self, counted: list[Counted]) -> bool:
        counts = self._notes.counts
        if len(counts) >= self._most and any(each not in counts for each in counted):
            return False
        for each in counted:
            counts[each] += 1
        return True

    def _keep(self, noted: Noted) -> bool:
        if len(self._notes.checks) >= self._most:
            return False
        self._notes.checks.append(noted)
        return True

    def write(self) -> None:
        """Raises DatabaseError, InterfaceError; what was noted then waits on."""
        with self._writing:
            with self._lock:
                notes, self._notes = self._notes, Notes([], Counter())
            try:
                put(notes)
            except BaseException:
                self._put_back(notes)
                raise

    def _put_back(self, notes: Notes) -> None:
        with self._lock:
            newer, self._notes = self._notes, notes
            self._drop(sum(not self._keep(noted) for noted in newer.checks))
            for counted, count in newer.counts.items():
                if counted in notes.counts or len(notes.counts) < self._most:
                    notes.counts[counted] += count
                else:
                    self._drop(count)

    def run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            time.sleep(WAIT_S)
            if not self.written():
                self._wake.set()
                time.sleep(AWAY_S)

    def written(self) -> bool:
        try:
            self.write()
        except (DatabaseError, InterfaceError) as error:
            code = getattr(error.__cause__, "sqlstate", None)
            log.warning("checks_not_written", error=type(error).__name__, code=code)
            return False
        except Exception:
            log.exception("checks_not_written")  # and go on: without this thread nothing would be kept
            return False
        finally:
            settle_connections()
        return True


def put(notes: Notes) -> None:
    """All of it or nothing. Where a commit's answer is lost, counters may be counted twice; checks never are."""
    if not notes.checks and not notes.counts:
        return
    with transaction.atomic():
        told = {(noted.check.platform_id, each): noted for noted in notes.checks for each in noted.told}
        in_order = sorted(told.items(), key=itemgetter(0))
        standing = held({each for _, each in told})
        checks = [copy(noted.check) for noted in notes.checks]  # what was noted stays as it is, should this fail
        for check in checks:
            check.protections = [each for each in check.protections if each in standing]
        Check.objects.bulk_create(checks, ignore_conflicts=True)
        Told.objects.bulk_create(
            [
                Told(platform_id=platform, protection=each, ref=refs.protection_ref(platform, each), at=noted.check.at)
                for (platform, each), noted in in_order
                if each in standing
            ],
            ignore_conflicts=True,
        )
        # Who was told just before a change was perhaps not known when its events were written.
        for (platform, each), noted in in_order:
            now, ref = standing.get(each), refs.protection_ref(platform, each)
            event = since(noted.told[each], now)
            if event and not events.is_written(platform, ref, since=now.changed if now else noted.check.at):
                events.write([(platform, True, event, {"ref": ref})])
        if notes.counts:
            with connection.cursor() as cursor:  # in one order, so that processes do not wait for each other
                rows = [
                    (platform, livemode, result, use, datetime.fromtimestamp(minute * 60, UTC), count)
                    for (platform, livemode, result, use, minute), count in sorted(notes.counts.items())
                ]
                cursor.execute(ADD, [list(column) for column in zip(*rows, strict=True)])


def held(protections: Collection[UUID]) -> dict[UUID, Now]:
    """What those say that are still there; none changes before this transaction ends.

    Raises DatabaseError where one is just being changed: the notes then wait, and so the change never waits for them.
    """
    if not protections:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(HELD, [list(protections)])
        return {
            protection: Now(state == Protection.State.ACTIVE, to_mask(uses), changed)
            for protection, state, uses, changed in cursor.fetchall()
        }


def since(told: int, now: Now | None) -> str:
    """The event of what has become of a protection of which these uses were told; empty where it says that still.

    Not by their times: an answer may come after a change and before its effect.
    """
    if now is None or not now.active:
        return "protection.removed"
    return "protection.changed" if now.uses != told else ""


def forget(protection: UUID) -> None:
    """Take an erased protection out of what is kept, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE matching_check SET protections = array_remove(protections, %s) WHERE protections @> ARRAY[%s]",
            [protection, protection],
        )
    Told.objects.filter(protection=protection).delete()


def purge(*, before: datetime, most: int) -> int:
    """Delete what is older, so many rows of each kind at most; how many were deleted."""
    checks = Check.objects.filter(at__lt=before).order_by("at").values("id")[:most]
    counts = CheckCount.objects.filter(minute__lt=before).order_by("minute").values("id")[:most]
    reports = Report.objects.filter(at__lt=before).order_by("at").values("id")[:most]
    rows = [Check.objects.filter(id__in=checks), CheckCount.objects.filter(id__in=counts)]
    return sum(each.delete()[0] for each in [*rows, Report.objects.filter(id__in=reports)])


@cache
def records() -> Records:
    """This process's, written by a thread of its own, and when the process ends."""
    made = Records()
    threading.Thread(target=made.run, name="records", daemon=True).start()
    atexit.register(made.written)
    return made
