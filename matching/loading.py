"""Where an index comes from: the segment that the host's processes share, or PostgreSQL; and how it is renewed.

One process of a host builds at a time. Where no memory can be shared each keeps a segment of its own.
"""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from matching import sequence, stored
from matching.index.segment import Rules, Segment, built
from matching.index.segmented import Merge, SegmentedIndex
from matching.index.shared import Origin, RefusedError, SharedSegment, in_memory
from matching.models import Change, Protection
from matching.published import Position
from matching.stored import Stored

log = structlog.get_logger(__name__)

T = TypeVar("T")

BATCH = 2000  # rows read at once
SAID_S = 5.0  # between two lines of the log


def in_batches(items: Iterable[T]) -> Iterator[list[T]]:
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


def logged(batches: Iterable[list[T]], total: int) -> Iterator[list[T]]:
    """The same, with a line in the log now and then."""
    said, done = time.monotonic(), 0
    for batch in batches:
        yield batch
        done += len(batch)
        if time.monotonic() - said > SAID_S:
            said = time.monotonic()
            log.info("index_is_read", protections=done, of=total)


def active() -> QuerySet[Protection]:
    return Protection.objects.filter(state=Protection.State.ACTIVE)


def present(changed: set[UUID]) -> tuple[list[Stored], set[UUID]]:
    """Of protections that changed those that stand, as they are now, and those that are gone."""
    put = list(stored.read(active().filter(id__in=changed)))
    return put, changed - {each.claim.protection for each in put}


class Loader:
    """For one lineage of the change sequence."""

    def __init__(self, lineage: UUID) -> None:
        self._lineage = lineage
        self._rules = Rules()
        key_id, key = next(iter(settings.FINGERPRINT_KEYS.items()))
        self._shared = SharedSegment(settings.INDEX_FOLDER, lineage, self._rules, key_id, key)

    def load(self, start: Position) -> tuple[SegmentedIndex, Position]:
        """An index, and what it holds: all up to `start`, or later.

        Raises DatabaseError, InterfaceError, UnreadableBlobError.
        """
        if not in_memory(settings.INDEX_FOLDER):
            log.warning("index_not_shared", reason=f"{settings.INDEX_FOLDER} is no folder in memory")
            return SegmentedIndex.of(self._read(), self._rules), start
        try:
            with self._shared.building(wait=True):
                try:
                    segment, position = self._open(start.epoch)
                    if not followed(position, start):
                        raise RefusedError("and of the changes since then some are gone")
                except RefusedError as error:
                    log.info("index_is_built", reason=str(error))
                    segment, position = self._placed(self._read(), start), start
        except OSError as error:
            log.warning("index_not_shared", reason=error.strerror)
            segment, position = self._read(), start
        index = SegmentedIndex.of(segment, self._rules)
        if position < start:
            replay(index, position, start)
        return index, max(position, start)

    def _read(self) -> Segment:
        """Of all protections, by a cursor of the server, some rows at a time; the log says how far it has come."""
        with transaction.atomic():
            read = ((each.claim, each.frames) for each in stored.read(active(), batch=BATCH))
            batches = logged(in_batches(read), active().count())
            return built(batches, self._rules)

    def _open(self, epoch: int) -> tuple[Segment, Position]:
        """Raises RefusedError also for a segment of another epoch, or of changes that the database has lost."""
        segment, origin = self._shared.open()
        position = Position(origin.epoch, origin.number, origin.head)
        if position.epoch != epoch or not sequence.in_history(position):
            raise RefusedError("of changes that are not in the database")
        return segment, position

    def _placed(self, segment: Segment, position: Position) -> Segment:
        """The same in shared memory, where there is room for it."""
        origin = Origin(str(self._lineage), position.epoch, position.number, position.head)
        try:
            return self._shared.write(segment, origin)
        except OSError as error:
            log.warning("index_not_shared", reason=error.strerror)
            return segment

    def newer(self, epoch: int) -> tuple[SegmentedIndex, Position] | None:
        """An index of the segment that another process has put in place since, and what it holds."""
        if not self._shared.changed():
            return None
        try:
            segment, position = self._open(epoch)
        except RefusedError as error:
            log.warning("segment_refused", reason=str(error))
            return None
        return SegmentedIndex.of(segment, self._rules), position

    def merge(self, index: SegmentedIndex, due: Merge, position: Position) -> None:
        """What is `due` since the index held that position. All of it at once is for the host's processes to share."""
        if not (due.whole and in_memory(settings.INDEX_FOLDER)):
            index.merge(due)
            return
        try:
            with self._shared.building(wait=False) as mine:
                if mine and not self._shared.changed():
                    index.merge(due, lambda segment: self._placed(segment, position))
                else:
                    index.put_off()  # another process is at it; what it makes is taken over when it is there
        except OSError as error:
            log.warning("index_not_shared", reason=error.strerror)
            index.merge(due)


def followed(after: Position, upto: Position) -> bool:
    """Whether every change between is there to be replayed: one that is gone would be missed without a word."""
    between = Change.objects.filter(number__gt=after.number, number__lte=upto.number)
    return between.count() == max(0, upto.number - after.number)


def replay(index: SegmentedIndex, after: Position, upto: Position) -> None:
    """Apply to the index the changes that lie between."""
    changes = Change.objects.filter(kind=Change.Kind.PROTECTION, number__gt=after.number, number__lte=upto.number)
    put, gone = present(set(changes.values_list("subject", flat=True)))
    index.apply([(each.claim, each.frames) for each in put], gone)
