"""Numbers 1, 2, 3… with no gap, each written once, whoever commits when and however many sequencers there are."""

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from matching import sequence
from matching.models import Change, Sequence
from tests.integration.sequence.hashes import random_hash
from tests.integration.sequence.processes import Cast, until

pytestmark = pytest.mark.usefixtures("committed")


def numbers() -> dict[int, int]:
    """The number of each change that has one."""
    return dict(Change.objects.exclude(number=None).values_list("id", "number"))


def assert_gapless() -> None:
    with transaction.atomic():
        given = sorted(numbers().values())
        assert given == list(range(1, len(given) + 1))
        assert Sequence.objects.get().number >= len(given)


def test_a_transaction_that_commits_late_is_skipped_by_no_reader(cast: Cast) -> None:
    slow, quick, reader = cast.actors(3)
    late, code = random_hash(), random_hash()
    reader.do("load")
    protection = slow.do("open_transaction", code=late)
    after = [quick.do("protect", code=code), *(quick.do("protect", code=random_hash()) for _ in range(5))]
    assert reader.do("ask", code=code) == "protected"
    assert reader.do("ask", code=late) == "no_match"  # nobody was told that it is in effect
    slow.do("commit")
    assert slow.do("settled")
    assert reader.do("ask", code=late) == "protected"
    change = Change.objects.get(subject=protection)
    first = Change.objects.get(subject=after[0]["protection"])
    assert change.id < first.id  # begun before
    assert change.number > after[-1]["number"]  # and numbered after, where a reader that has gone on meets it
    assert_gapless()


def test_many_sequencers_at_once_leave_no_gap_and_never_renumber(cast: Cast) -> None:
    writers = cast.actors(4)
    settler = cast.actor()
    before = numbers()
    for writer in writers:
        writer.tell("protect_many", count=30)
    settler.tell("hammer")
    seen = dict(before)
    while len(seen) < len(before) + 100:
        now = numbers()
        assert seen.items() <= now.items()
        seen = now
    assert all(all(writer.answer()) for writer in writers)
    settler.go_on()
    assert settler.answer() > 0
    assert seen.items() <= numbers().items()
    assert_gapless()


def test_a_sequencer_that_waited_sees_what_the_one_before_it_has_numbered(cast: Cast) -> None:
    """One statement that takes the lock and numbers would number the same changes again."""
    first, second = cast.actors(2)
    first.do("settle")
    protection = second.do("open_transaction", code=random_hash())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [sequence.NUMBERING])
        second.do("commit")
        first.tell("settle")
        second.tell("settle")
        until(lambda: waiting_for_the_lock() == 2)
        cursor.execute(sequence.NUMBER_COMMITTED)
        given = Change.objects.get(subject=protection).number
        assert given
    assert min(first.answer()[1], second.answer()[1]) >= given
    assert Change.objects.get(subject=protection).number == given
    assert_gapless()


def waiting_for_the_lock() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted",
            [sequence.NUMBERING],
        )
        [count] = cursor.fetchone()
        return int(count)


def test_a_number_once_written_is_never_written_again(cast: Cast) -> None:
    made = cast.actor().do("protect", code=random_hash())
    change = Change.objects.get(subject=made["protection"])
    for number in (change.number + 1_000_000, None, change.number):
        with pytest.raises(DatabaseError) as refused:
            Change.objects.filter(id=change.id).update(number=number)
        assert isinstance(refused.value.__cause__, psycopg.errors.IntegrityConstraintViolation)
    change.refresh_from_db()
    assert change.number == made["number"]


def test_an_action_that_is_rolled_back_leaves_no_change(cast: Cast) -> None:
    actor = cast.actor()
    protection = actor.do("open_transaction", code=random_hash())
    actor.end()
    assert not Change.objects.filter(subject=protection).exists()
    sequence.settle()
    assert_gapless()
