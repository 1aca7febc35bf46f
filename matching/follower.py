"""The follower: keeps this process's index and its memory of keys in step with the change sequence.

Its one promise: after `current()` has returned true, every change that was acknowledged before the call is held. When
that cannot be known the answer is false, and the API then says 503 rather than `no_match`.
"""

import threading
import time
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from matching import exclusions, metrics, sequence
from matching.access import Directory
from matching.connections import settle_connections
from matching.excluded import ExcludedImages
from matching.index import details_segmented, segmented
from matching.index.details_segmented import SegmentedDetailsIndex
from matching.index.interface import DetailsIndex, Index
from matching.index.segmented import Segmented, SegmentedIndex
from matching.keyring import UnreadableBlobError
from matching.loading import BATCH, DetailsLoader, FrameLoader, Loader, followed, present
from matching.models import Change, Exclusion
from matching.published import Latest, Position
from matching.sequence import RestoredError
from matching.share import EVERYTHING, Share

log = structlog.get_logger(__name__)

CLEAN_S = 24 * 3600.0  # how long what was erased may stay in a segment
PULSE_S = 1.0  # how often an idle process catches up, so that no request finds much to do


class GapError(Exception):
    """The sequence does not follow on from what is held (a restored or pruned database): start over."""


class LostError(GapError):
    """What is held was in the database, and is there no more."""


class Follower:
    """Thread-safe. `index` is replaced whole when it must be built anew.

    It holds the protections of its share, and all of the rest.
    """

    def __init__(self, share: Share = EVERYTHING) -> None:
        self._share = share
        self._applying = threading.Lock()
        self._latest: Latest | None = None
        self._loaders: tuple[Loader[Any, Any], ...] = ()  # of `index` and `details`, which are their names
        self._loaded = threading.Event()
        self._ended = threading.Event()
        self._clean_at = 0.0  # by the monotonic clock: at the first pulse
        self.index: Index = SegmentedIndex()
        self.details: DetailsIndex = SegmentedDetailsIndex()
        self.excluded = ExcludedImages()
        self.directory = Directory()
        self._lost_in = 0  # the last epoch of which this process knows that changes were lost
        self._complete_in: int | None = None  # the last epoch that this process has found complete
        self.position: Position | None = None
        self._in_step: tuple[float, Latest] | None = None  # when the last look that found it so began, and by what
        self.behind = 0  # how many published changes were lacking at the last look, after those to be had were applied
        self.as_of: datetime | None = None

    def current(self, *, received_at: float | None = None) -> bool:
        """Whether this process holds every change acknowledged before the call; applies what is missing first.

        Before `received_at`, by the monotonic clock, if that is given: a question that had to wait for its turn needs
        no look of its own where one began while it waited.
        """
        return (self._seen_since(received_at) or self.in_step()) and self.complete()

    def _seen_since(self, received_at: float | None) -> bool:
        seen = self._in_step
        if received_at is None or seen is None:
            return False
        began, latest = seen
        return began > received_at and latest is self._latest and self.position is not None  # not loaded anew since

    def complete(self) -> bool:
        """Whether nothing acknowledged is missing in the database that is followed, which a restore leaves open."""
        held = self.position
        if held is None or held.epoch == self._complete_in:
            return held is not None
        try:
            self._complete_in = sequence.complete_epoch()  # once true it stays so: what is lost begins another epoch
        except (DatabaseError, InterfaceError):
            return False
        return held.epoch == self._complete_in

    def in_step(self) -> bool:
        """Whether this process holds every change that the database does; applies what is missing first."""
        asked_at = timezone.now()
        try:
            current = self._is_current()
        except (DatabaseError, InterfaceError, UnreadableBlobError, RestoredError) as error:
            log.warning("index_cannot_catch_up", error=type(error).__name__)
            return False
        except Exception:
            log.exception("index_cannot_catch_up")  # whatever it was: what is held is not known to be complete
            return False
        if current:
            self.as_of = asked_at
        return current

    def _is_current(self) -> bool:
        """Other threads may catch up or start over meanwhile, so each thing is read once."""
        began, latest, held = time.monotonic(), self._latest, self.position
        if latest is None or held is None:
            return False
        try:
            latest_position = latest.position()
            if held.contradicts(latest_position):
                raise LostError
        except GapError as gap:
            self._start_over(held, gap)
            return False
        if held < latest_position:
            held = self._catch_up(latest_position)
        self.behind = lacking(held, latest_position)
        current = held is not None and held >= latest_position and latest is self._latest
        if current:
            self._in_step = began, latest
        return current

    def holds(self, lineage: UUID, wanted: Position) -> bool:
        """Whether all changes up to `wanted`, known to another process, are held; applies what is missing first."""
        latest, held = self._latest, self.position
        if latest is None or latest.lineage != lineage or held is None:
            return False
        if held != wanted or held.contradicts(wanted):  # what is further may have left that history
            if not self.in_step():  # whether the database is complete is for who asks to know
                return False
            held = self.position
        return held is not None and held.epoch == wanted.epoch and held >= wanted and not held.contradicts(wanted)

    def ready(self) -> bool:
        """Whether what is held could answer a question that came now, complete or not."""
        return self.in_step()

    def freshness(self) -> dict[str, Any] | None:
        """Epoch, generation and time of what is held, as the API says it; None before the first load."""
        held, as_of = self.position, self.as_of
        if held is None or as_of is None:
            return None
        return {"epoch": held.epoch, "generation": held.number, "as_of": as_of}

    def load(self) -> None:
        """Build the index from PostgreSQL. Raises DatabaseError, InterfaceError, UnreadableBlobError, RestoredError."""
        with self._applying:
            self._load()

    def await_loaded(self, most_s: float) -> bool:
        return self._loaded.wait(most_s)

    def _load(self) -> None:
        if self._lost_in:
            sequence.begin_epoch(beyond=self._lost_in)
        asked_at = timezone.now()
        lineage, start = sequence.in_database()  # read first: what commits meanwhile comes again as a change
        self._complete_in = sequence.complete_epoch()
        index, details, position = self._built(lineage, start)
        excluded = ExcludedImages()
        with transaction.atomic():
            excluded.apply(exclusions.read(Exclusion.objects.all()), [])
        self.index, self.details, self.excluded = index, details, excluded
        self.directory = Directory()  # numbers remembered from before may have been given again
        self._latest = Latest(lineage, lambda: self._in_database(lineage))
        self.position = position
        self.as_of = asked_at
        self._loaded.set()
        log.info("index_loaded", epoch=position.epoch, generation=position.number)

    def _built(self, lineage: UUID, start: Position) -> tuple[Index, DetailsIndex, Position]:
        """Indexes of the protections, and what they hold: all up to `start`, or later. Raises GapError."""
        segmented.warm()
        details_segmented.warm()
        frames, of_details = FrameLoader(lineage, self._share), DetailsLoader(lineage, self._share)
        index, position = frames.load(start)
        details, its_position = of_details.load(start)
        held, position = sorted((position, its_position))  # as far as the one that another process has made later
        if not followed(held, position):
            raise GapError
        frames.replay(index, held, position)
        of_details.replay(details, held, position)
        self._loaders = frames, of_details
        log.info("index_built", hashes=len(index), details=len(details))
        return index, details, position

    def _in_database(self, lineage: UUID) -> Position:
        """How far the sequence has come. Raises GapError when it is not, or no longer, the one that is followed, and
        RestoredError: what is held is then all that is known, until the database has been opened.
        """
        held = self.position
        its_lineage, there = sequence.in_database()
        if its_lineage != lineage:
            raise GapError
        if held is not None and (there < held or there.contradicts(held)):
            raise LostError
        return there

    def _start_over(self, held: Position, gap: GapError) -> None:
        log.warning("index_starts_over", epoch=held.epoch, generation=held.number)
        if isinstance(gap, LostError):
            self._lost_in = held.epoch
        with self._applying:
            if self.position is held:  # no other thread has come before
                self.position = None

    def _catch_up(self, wanted: Position) -> Position | None:
        """Apply what is missing; returns what is held then."""
        with self._applying:
            try:
                while self.position is not None and self.position < wanted and self._apply_next(self.position):
                    pass
            except GapError as gap:
                log.warning("index_starts_over", epoch=wanted.epoch, generation=wanted.number)
                if isinstance(gap, LostError) and self.position is not None:
                    self._lost_in = self.position.epoch
                self.position = None
            return self.position

    def _apply_next(self, held: Position) -> bool:
        """Apply the next changes; whether there were any. Raises GapError."""
        lineage, there = sequence.in_database()
        if there.epoch > held.epoch or (self._latest and lineage != self._latest.lineage):
            raise GapError
        if there < held:
            raise LostError
        changes = list(Change.objects.filter(number__gte=held.number).order_by("number")[: BATCH + 1])
        if held.number:
            if not changes or sequence.head(changes[0]) != held.head:
                raise LostError  # the number that is held is another change's now
            del changes[0]
        numbers = [change.number for change in changes]
        if numbers != list(range(held.number + 1, held.number + 1 + len(changes))):
            raise GapError
        if not changes:
            if there.number > held.number:
                raise GapError
            return False
        self._apply(changes, Position(held.epoch, held.number + len(changes), sequence.head(changes[-1])))
        return True

    def _apply(self, changes: list[Change], position: Position) -> None:
        subjects = {kind: {change.subject for change in changes if change.kind == kind} for kind in Change.Kind}
        if images := subjects[Change.Kind.EXCLUSION]:
            self.excluded.apply(exclusions.read(Exclusion.objects.filter(id__in=images)), images)
        self._apply_to_protections(subjects[Change.Kind.PROTECTION])
        if subjects[Change.Kind.ACCESS]:
            self.directory.changed(position)
        self.position = position

    def _apply_to_protections(self, changed: set[UUID]) -> None:
        put, gone = present(self._share.of_these(changed))
        self.details.apply([(each.claim, each.details) for each in put], gone)
        self.index.apply([(each.claim, each.frames) for each in put], gone)

    def run(self) -> None:
        """Load, then catch up once a second, until `end`. For a thread of its own."""
        while not self._ended.is_set():
            try:
                current = self.position is not None and self.current()
                self._tell(current=current)
                if self.position is None:
                    self.load()
                    metrics.LOADS.inc()
                self.tend()
            except (DatabaseError, InterfaceError, UnreadableBlobError, RestoredError) as error:
                log.warning("index_cannot_load", error=type(error).__name__, detail=_safe(error))
            except Exception:
                log.exception("index_cannot_load")  # and go on: without this thread the process would never answer
            finally:
                settle_connections()
            self._ended.wait(PULSE_S)

    def _tell(self, *, current: bool) -> None:
        held = self.position or Position(0, 0)
        try:
            metrics.held(epoch=held.epoch, generation=held.number, behind=self.behind, current=current)
        except (OSError, ValueError) as error:  # no room for its file: that must keep no process from loading
            log.warning("metrics_not_kept", error=type(error).__name__)

    def tend(self) -> None:
        """Take over a newer shared segment, or merge what has grown; questions are answered meanwhile."""
        clean = time.monotonic() >= self._clean_at
        merged = 0
        for loader in self._loaders:
            if (held := self.position) is None:
                return
            if (newer := loader.newer(held.epoch)) is not None:
                self._take_over(loader, *newer)
            else:
                self._merge(loader, clean=clean)
                merged += 1
        if clean and merged and merged == len(self._loaders):  # what was taken over may hold what is gone
            self._clean_at = time.monotonic() + CLEAN_S

    def _merge(self, loader: Loader[Any, Any], *, clean: bool) -> None:
        with self._applying:
            index, position = getattr(self, loader.name), self.position
            due = index.due(clean=clean)
        if due is not None and position is not None:
            loader.merge(index, due, position)
            metrics.MERGES.labels(loader.name).inc()

    def _take_over(self, loader: Loader[Any, Any], index: Segmented[Any, Any], position: Position) -> None:
        """Use this index in the place of ours, from the moment on when it holds as much."""
        held = self._catch_up(position)
        if held is None or held.epoch != position.epoch or not followed(position, held):
            return
        loader.replay(index, position, held)
        with self._applying:
            if self.position is not None and self.position.epoch == held.epoch:
                loader.replay(index, held, self.position)
                setattr(self, loader.name, index)

    def end(self) -> None:
        self._ended.set()


def lacking(held: Position | None, latest: Position) -> int:
    """How many changes; of another epoch all of them."""
    if held is None or held.epoch != latest.epoch:
        return latest.number
    return max(0, latest.number - held.number)


def _safe(error: Exception) -> str:
    """What may be logged of an error: of a database's, nothing, since it may quote a row."""
    return str(error) if isinstance(error, UnreadableBlobError) else ""


def configured() -> Follower:
    """A follower as the settings say: of an index in this process, or of shards on other machines."""
    follower: Follower = import_string(settings.FOLLOWER)()
    return follower


@cache
def shared() -> Follower:
    """This process's follower, following in a thread of its own."""
    follower = configured()
    threading.Thread(target=follower.run, name="follower", daemon=True).start()
    return follower
