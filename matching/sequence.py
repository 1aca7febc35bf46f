"""The change sequence: every change of a protection, a key or a platform gets a number, 1, 2, 3… with no gap.

`record` writes a change in the caller's transaction. After that has committed, `settle` numbers all committed changes
and publishes how far it has come; only then may success be told to anyone. A process killed in between delays its
change: the next `settle`, of any process, finishes it.

Numbering happens after the commit because a number taken inside a transaction may become visible after a higher one
(a cursor over a `bigserial` skips a row whose transaction commits late).

What was published was in the database first. A database that does not hold it has lost it, and with it the right to
give those numbers again: a new epoch begins, in which every reader starts over, and which is not `complete`: nobody
answers `no_match` in it until an operator has declared it so. A database that was put back from a backup is known by
PostgreSQL's own name for its history: nothing is read of it before the ledger was replayed (`open_restored`).
"""

from uuid import UUID

import redis
import structlog
from django.db import DatabaseError, InterfaceError, connection, transaction

from matching import published
from matching.models import Change, Sequence
from matching.published import Position

log = structlog.get_logger(__name__)

NUMBERING = 0x7665746F  # "veto": the advisory lock that sequencers take in turn

NUMBER_COMMITTED = """
WITH unnumbered AS (
    SELECT id, row_number() OVER (ORDER BY id) AS place FROM matching_change WHERE number IS NULL
), numbered AS (
    UPDATE matching_change SET number = matching_sequence.number + unnumbered.place
    FROM unnumbered, matching_sequence WHERE matching_change.id = unnumbered.id
    RETURNING 1
)
UPDATE matching_sequence SET number = number + (SELECT count(*) FROM numbered)
WHERE EXISTS (SELECT 1 FROM numbered)
"""

# The cluster, and its timeline: a new one begins where a backup was rolled forward, or a standby took over.
HISTORY = (
    "(SELECT system_identifier FROM pg_control_system()) || '/' || "
    "left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)"
)
STANDING = f"SELECT lineage, epoch, number, history = {HISTORY} FROM matching_sequence"  # noqa: S608 (ours)


class RestoredError(Exception):
    """The database was put back from a backup, or a standby took its place: `manage.py restored` must come first."""


def record(kind: Change.Kind, *subjects: UUID) -> None:
    """Write down, in the caller's transaction, that readers must look at these subjects again."""
    Change.objects.bulk_create(Change(kind=kind, subject=subject) for subject in subjects)


def head(change: Change | None) -> str:
    """What tells a change from any other that was ever given its number: its id, and its time to the microsecond."""
    return f"{change.id}/{change.created_at.isoformat()}" if change else ""


def in_database() -> tuple[UUID, Position]:
    """The lineage, and how far the numbering has come. Raises DatabaseError, InterfaceError, RestoredError."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING)
        lineage, epoch, number, same = cursor.fetchone() or (None, 0, 0, False)
    if lineage is None:
        raise Sequence.DoesNotExist
    if not same:
        raise RestoredError
    return lineage, Position(epoch, number, head(Change.objects.filter(number=number).first()))


def in_history(position: Position) -> bool:
    """Whether the database holds what was published as this position; it does, unless it has lost changes since."""
    epoch = Sequence.objects.values_list("epoch", flat=True).get()
    if epoch != position.epoch:
        return epoch > position.epoch
    return head(Change.objects.filter(number=position.number).first()) == position.head


def number_committed() -> tuple[UUID, Position]:
    """Number every committed change that has no number, in a transaction of its own."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        # A statement of its own: the next one's snapshot must be taken when the lock is held, or it would not see what
        # the sequencer before it has numbered. Needs READ COMMITTED, which the settings ask for.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBERING])
        cursor.execute(NUMBER_COMMITTED)
        return in_database()


def settle() -> Position:
    """Number and publish. When it returns, every change committed before the call is in every later answer.

    Raises DatabaseError, InterfaceError, redis.RedisError or RestoredError; the change is then saved and will take
    effect.
    """
    lineage, position = number_committed()
    standing = published.publish(lineage, position)
    if (standing > position or standing.contradicts(position)) and not in_history(standing):
        log.error("changes_were_lost", published=standing.number, generation=position.number, epoch=position.epoch)
        return raise_epoch(beyond=standing.epoch)
    return position


def settled() -> bool:
    """`settle`, for a caller whose change is saved either way: false means "saved, taking effect"."""
    try:
        settle()
    except (DatabaseError, InterfaceError, redis.RedisError, RestoredError) as error:
        log.warning("change_saved_but_not_yet_in_effect", error=type(error).__name__)
        return False
    except Exception:
        log.exception("change_saved_but_not_yet_in_effect")  # whatever it was, the change is saved
        return False
    return True


def begin_epoch(*, beyond: int | None = None) -> None:
    """Say, in a transaction of its own, that this database has lost changes: its readers start over.

    They answer no miss before `declare_complete`. `beyond`: the epoch that must be over afterwards; nothing begins if
    it is already. None: the present one.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBERING])
        epoch = Sequence.objects.values_list("epoch", flat=True).get()
        if beyond is None or epoch <= beyond:
            Sequence.objects.update(epoch=max(epoch, beyond or 0) + 1, complete=False)


def raise_epoch(*, beyond: int | None = None) -> Position:
    """`begin_epoch`, published. Raises what `settle` raises."""
    begin_epoch(beyond=beyond)
    return settle()


def open_restored() -> Position:
    """Let readers read a database that was restored, in which everything that must hold was done again."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(f"UPDATE matching_sequence SET history = {HISTORY}")  # noqa: S608 (ours)
        Sequence.objects.update(complete=False)
    return raise_epoch()


def complete_epoch() -> int | None:
    """The present epoch if nothing acknowledged is missing in it, as far as is known. Raises as `in_database`."""
    return Sequence.objects.filter(complete=True).values_list("epoch", flat=True).first()


def declare_complete(epoch: int) -> bool:
    """Let misses be answered again in this epoch; false where another has begun meanwhile."""
    return bool(Sequence.objects.filter(epoch=epoch).update(complete=True))
