"""The change sequence: every change of a protection, a key or a platform gets a number, 1, 2, 3… with no gap.

`record` writes a change in the caller's transaction. After that has committed, `settle` numbers all committed changes
and publishes how far it has come; only then may success be told to anyone. A process killed in between delays its
change: the next `settle`, of any process, finishes it.

Numbering happens after the commit because a number taken inside a transaction may become visible after a higher one
(a cursor over a `bigserial` skips a row whose transaction commits late).
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


def record(kind: Change.Kind, subject: UUID) -> None:
    """Write down, in the caller's transaction, that readers must look at this subject again."""
    Change.objects.create(kind=kind, subject=subject)


def in_database() -> Position:
    """How far the numbering has come. Raises DatabaseError or InterfaceError when PostgreSQL is away."""
    return Position(*Sequence.objects.values_list("epoch", "number").get())


def number_committed() -> tuple[UUID, Position]:
    """Number every committed change that has no number, in a transaction of its own."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        # A statement of its own: the next one's snapshot must be taken when the lock is held, or it would not see what
        # the sequencer before it has numbered. Needs READ COMMITTED, which the settings ask for.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBERING])
        cursor.execute(NUMBER_COMMITTED)
        lineage, epoch, number = Sequence.objects.values_list("lineage", "epoch", "number").get()
    return lineage, Position(epoch, number)


def settle() -> Position:
    """Number and publish. When it returns, every change committed before the call is in every later answer.

    Raises DatabaseError, InterfaceError or redis.RedisError; the change is then saved and will take effect.
    """
    lineage, position = number_committed()
    published.publish(lineage, position)
    return position


def settled() -> bool:
    """`settle`, for a caller whose change is saved either way: false means "saved, taking effect"."""
    try:
        settle()
    except (DatabaseError, InterfaceError, redis.RedisError) as error:
        log.warning("change_saved_but_not_yet_in_effect", error=type(error).__name__)
        return False
    return True


def raise_epoch() -> Position:
    """Say that this database was restored from a backup: its readers start over. For an operator."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBERING])
        sequence = Sequence.objects.get()
        sequence.epoch += 1
        sequence.save(update_fields=["epoch"])
    return settle()
