"""The change sequence: every change of a protection, a key or a platform gets a number, 1, 2, 3… with no gap.

`record` writes a change in the caller's transaction. After that has committed, `settle` numbers all committed changes
and publishes how far it has come; only then may success be told to anyone. A process killed in between delays its
change: the next `settle`, of any process, finishes it.

Numbering happens after the commit because a number taken inside a transaction may become visible after a higher one
(a cursor over a `bigserial` skips a row whose transaction commits late).

What was published was in the database first. A database that does not hold it has lost it, and with it the right to
give those numbers again: `settle` then begins a new epoch, in which every reader starts over.
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


def record(kind: Change.Kind, *subjects: UUID) -> None:
    """Write down, in the caller's transaction, that readers must look at these subjects again."""
    Change.objects.bulk_create(Change(kind=kind, subject=subject) for subject in subjects)


def head(change: Change | None) -> str:
    """What tells a change from any other that was ever given its number: its id, and its time to the microsecond."""
    return f"{change.id}/{change.created_at.isoformat()}" if change else ""


def in_database() -> tuple[UUID, Position]:
    """The lineage, and how far the numbering has come. Raises DatabaseError or InterfaceError."""
    lineage, epoch, number = Sequence.objects.values_list("lineage", "epoch", "number").get()
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

    Raises DatabaseError, InterfaceError or redis.RedisError; the change is then saved and will take effect.
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
    except (DatabaseError, InterfaceError, redis.RedisError) as error:
        log.warning("change_saved_but_not_yet_in_effect", error=type(error).__name__)
        return False
    except Exception:
        log.exception("change_saved_but_not_yet_in_effect")  # whatever it was, the change is saved
        return False
    return True


def raise_epoch(*, beyond: int | None = None) -> Position:
    """Say that this database has lost changes (was restored from a backup): its readers start over.

    `beyond`: the epoch that must be over afterwards; nothing is raised if it is already. None: the present one.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBERING])
        epoch = Sequence.objects.values_list("epoch", flat=True).get()
        if beyond is None or epoch <= beyond:
            Sequence.objects.update(epoch=max(epoch, beyond or 0) + 1)
    return settle()
