"""Where an index comes from: the segment that the host's processes share, or PostgreSQL; and how it is renewed.

One process of a host builds at a time. Where no memory can be shared each keeps a segment of its own.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sized
from dataclasses import replace
from typing import Any, Generic, TypeVar
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from matching import sequence, stored
from matching.hashing.details_profile import VETO_DETAILS_1
from matching.index import details_segment
from matching.index.details_segment import DetailsSegment
from matching.index.details_segmented import SegmentedDetailsIndex
from matching.index.segment import Claimed, Rules, Segment, built
from matching.index.segmented import Merge, Segmented, SegmentedIndex
from matching.index.shared import Form, Origin, RefusedError, SharedSegment, in_memory
from matching.models import Change, Protection
from matching.published import Position
from matching.share import EVERYTHING, Share
from matching.stored import Stored

log = structlog.get_logger(__name__)

T = TypeVar("T")
Batch = TypeVar("Batch", bound=Sized)
Held = TypeVar("Held", bound=Claimed)
Indexed = TypeVar("Indexed", bound=Segmented[Any, Any])

# An index of a share counts its own codes alone, which are a random part of all. So what is half as full again as is
# too full leaves out no bucket that an index of everything would look into: of a thousand codes and more, the chance is
# under e^-60.
OF_A_SHARE = replace(
    VETO_DETAILS_1,
    retrieval=replace(VETO_DETAILS_1.retrieval, heavy_share=1.5 * VETO_DETAILS_1.retrieval.heavy_share),
)

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


def logged(batches: Iterable[Batch], total: int) -> Iterator[Batch]:
    """The same, with a line in the log now and then."""
    said, done = time.monotonic(), 0
    for batch in batches:
        yield batch
        done += len(batch)
        if time.monotonic() - said > SAID_S:
            said = time.monotonic()
            log.info("index_is_read", protections=done, of=total)


def active(share: Share = EVERYTHING) -> QuerySet[Protection]:
    standing = Protection.objects.filter(state=Protection.State.ACTIVE)
    return standing if share == EVERYTHING else standing.filter(id__range=(share.first, share.last))


def present(changed: set[UUID]) -> tuple[list[Stored], set[UUID]]:
    """Of protections that changed those that stand, as they are now, and those that are gone."""
    put = list(stored.read(active().filter(id__in=changed)))
    return put, changed - {each.claim.protection for each in put}


class Loader(ABC, Generic[Indexed, Held]):
    """Of one kind of index, for one lineage of the change sequence, and one share of the protections."""

    def __init__(self, lineage: UUID, share: Share, form: Form[Held]) -> None:
        self._lineage = lineage
        self._share = share
        self.name = form.name
        key_id, key = next(iter(settings.FINGERPRINT_KEYS.items()))
        self._shared = SharedSegment(settings.INDEX_FOLDER, lineage, form, key_id, key, suffix=share.suffix)

    @abstractmethod
    def _built(self) -> Held:
        """A segment of what the database has, read in a transaction; the log says how far that has come."""

    @abstractmethod
    def _of(self, segment: Held) -> Indexed:
        """An index that holds this segment."""

    @abstractmethod
    def _apply(self, index: Indexed, put: Iterable[Stored], gone: Iterable[UUID]) -> None:
        """Of these protections what the index keeps."""

    def load(self, start: Position) -> tuple[Indexed, Position]:
        """An index, and what it holds: all up to `start`, or later.

        Raises DatabaseError, InterfaceError, UnreadableBlobError.
        """
        if not in_memory(settings.INDEX_FOLDER):
            log.warning("index_not_shared", kind=self.name, reason=f"{settings.INDEX_FOLDER} is no folder in memory")
            return self._of(self._read()), start
        try:
            with self._shared.building(wait=True):
                try:
                    segment, position = self._open(start.epoch)
                    if not followed(position, start):
                        raise RefusedError("and of the changes since then some are gone")
                except RefusedError as error:
                    log.info("index_is_built", kind=self.name, reason=str(error))
                    segment, position = self._placed(self._read(), start), start
        except OSError as error:
            log.warning("index_not_shared", kind=self.name, reason=error.strerror)
            segment, position = self._read(), start
        index = self._of(segment)
        if position < start:
            self.replay(index, position, start)
        return index, max(position, start)

    def _read(self) -> Held:
        with transaction.atomic():
            return self._built()

    def _open(self, epoch: int) -> tuple[Held, Position]:
        """Raises RefusedError also for a segment of another epoch, or of changes that the database has lost."""
        segment, origin = self._shared.open()
        position = Position(origin.epoch, origin.number, origin.head)
        if position.epoch != epoch or not sequence.in_history(position):
            raise RefusedError("of changes that are not in the database")
        return segment, position

    def _placed(self, segment: Held, position: Position) -> Held:
        """The same in shared memory, where there is room for it."""
        origin = Origin(str(self._lineage), position.epoch, position.number, position.head)
        try:
            placed = self._shared.write(segment, origin)
        except OSError as error:
            log.warning("index_not_shared", kind=self.name, reason=error.strerror)
            return segment
        if self._share != EVERYTHING:  # of one process, which may start again anywhere: it goes with that
            self._shared.remove()
        return placed

    def newer(self, epoch: int) -> tuple[Indexed, Position] | None:
        """An index of the segment that another process has put in place since, and what it holds."""
        if not self._shared.changed():
            return None
        try:
            segment, position = self._open(epoch)
        except RefusedError as error:
            log.warning("segment_refused", kind=self.name, reason=str(error))
            return None
        return self._of(segment), position

    def merge(self, index: Indexed, due: Merge[Held], position: Position) -> None:
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
            log.warning("index_not_shared", kind=self.name, reason=error.strerror)
            index.merge(due)

    def replay(self, index: Indexed, after: Position, upto: Position) -> None:
        """Apply to the index the changes that lie between."""
        changes = Change.objects.filter(kind=Change.Kind.PROTECTION, number__gt=after.number, number__lte=upto.number)
        self._apply(index, *present(self._share.of_these(changes.values_list("subject", flat=True))))


class FrameLoader(Loader[SegmentedIndex, Segment]):
    def __init__(self, lineage: UUID, share: Share = EVERYTHING) -> None:
        self._rules = Rules()
        super().__init__(lineage, share, self._rules)

    def _built(self) -> Segment:
        batches = in_batches((each.claim, each.frames) for each in stored.read(active(self._share), batch=BATCH))
        return built(logged(batches, active(self._share).count()), self._rules)

    def _of(self, segment: Segment) -> SegmentedIndex:
        return SegmentedIndex.of(segment, self._rules)

    def _apply(self, index: SegmentedIndex, put: Iterable[Stored], gone: Iterable[UUID]) -> None:
        index.apply([(each.claim, each.frames) for each in put], gone)


class DetailsLoader(Loader[SegmentedDetailsIndex, DetailsSegment]):
    def __init__(self, lineage: UUID, share: Share = EVERYTHING) -> None:
        self._rules = details_segment.Rules(VETO_DETAILS_1 if share == EVERYTHING else OF_A_SHARE)
        super().__init__(lineage, share, self._rules)

    def _built(self) -> DetailsSegment:
        batches = in_batches(stored.read_details(active(self._share), batch=BATCH))
        return details_segment.built(logged(batches, active(self._share).count()), self._rules)

    def _of(self, segment: DetailsSegment) -> SegmentedDetailsIndex:
        return SegmentedDetailsIndex.of(segment, self._rules)

    def _apply(self, index: SegmentedDetailsIndex, put: Iterable[Stored], gone: Iterable[UUID]) -> None:
        index.apply([(each.claim, each.details) for each in put], gone)


def followed(after: Position, upto: Position) -> bool:
    """Whether every change between is there to be replayed: one that is gone would be missed without a word."""
    between = Change.objects.filter(number__gt=after.number, number__lte=upto.number)
    return between.count() == max(0, upto.number - after.number)
