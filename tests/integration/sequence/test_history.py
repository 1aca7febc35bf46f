"""A database that has lost changes gives their numbers again: readers that hold the lost ones start over."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.integration.sequence.hashes import random_hash
from tests.integration.sequence.processes import Cast, World
from tests.integration.web import ROOT


@pytest.fixture(autouse=True)
def from_the_beginning(world: World, stage: Cast) -> None:
    """Each test at a Valkey that knows what the database knows, which is all there is to know."""
    world.flush()
    actor = stage.actor()
    actor.do("settle")
    actor.do("declare_complete")


def test_a_raised_epoch_makes_every_reader_start_over(world: World, stage: Cast) -> None:
    writer, reader = stage.actors(2)
    before, after = random_hash(), random_hash()
    assert writer.do("protect", code=before)["in_effect"]
    epoch, _ = reader.do("load")
    assert reader.do("ask", code=before) == "protected"
    [said] = command(world, "restored", "--without-ledger")
    assert (said["epoch"], said["complete"]) == (epoch + 1, False)
    assert writer.do("protect", code=after)["in_effect"]
    assert reader.do("ask", code=after) == "index-loading"
    reader.do("follow")
    assert reader.do("position")[0] == epoch + 1
    assert [reader.do("ask", code=code) for code in (before, after)] == ["protected", "protected"]


def command(world: World, *words: str) -> list[Any]:
    """What a management command printed."""
    line = [sys.executable, "manage.py", *words]
    done = subprocess.run(line, cwd=ROOT, env=os.environ | world.environment, check=True, capture_output=True)
    return [json.loads(text) for text in done.stdout.splitlines()]


def test_after_a_restore_no_miss_is_answered_until_the_operator_says_that_nothing_is_missing(
    world: World, stage: Cast
) -> None:
    writer, reader, other = stage.actors(3)
    code = random_hash()
    assert writer.do("protect", code=code)["in_effect"]
    for each in (reader, other):
        each.do("load")
    [said] = command(world, "restored", "--without-ledger")
    for each in (reader, other):
        each.do("follow")
        assert [each.do("ask", code=asked) for asked in (code, random_hash())] == ["protected", "index-behind"]
        assert each.do("ask", code=code, uses=["edit", "train"]) == "protected"
        assert each.do("ask", code=code, uses=["train"]) == "index-behind"
    assert command(world, "declare_complete", str(said["epoch"])) == [{"epoch": said["epoch"], "complete": True}]
    assert [each.do("ask", code=random_hash()) for each in (reader, other)] == ["no_match", "no_match"]


def test_a_database_with_another_past_is_not_read_before_it_was_opened(world: World, stage: Cast) -> None:
    """As after a restore by whatever means: PostgreSQL gives it a new timeline, or another system identifier."""
    writer, held, fresh = stage.actors(3)
    code = random_hash()
    assert writer.do("protect", code=code)["in_effect"]
    held.do("load")
    world.execute("UPDATE matching_sequence SET history = '1/00000001'")
    world.flush()
    assert fresh.fails("load").startswith("RestoredError")
    assert not writer.do("protect", code=random_hash())["in_effect"]
    assert [held.do("ask", code=asked) for asked in (code, random_hash())] == ["protected", "index-behind"]
    [said] = command(world, "restored", "--without-ledger")
    for each in (held, fresh):
        each.do("follow")
        assert [each.do("ask", code=asked) for asked in (code, random_hash())] == ["protected", "index-behind"]
    command(world, "declare_complete", str(said["epoch"]))
    assert [each.do("ask", code=random_hash()) for each in (held, fresh)] == ["no_match", "no_match"]


@pytest.mark.parametrize("emptied", [False, True], ids=["Valkey as it was", "Valkey emptied"])
@pytest.mark.parametrize(("lost", "anew"), [(1, 1), (1, 3), (3, 1), (3, 3)])
def test_no_number_given_again_hides_an_opt_out(
    world: World, stage: Cast, *, lost: int, anew: int, emptied: bool
) -> None:
    """An older database is put back, and nobody raised the epoch."""
    writer, idle, reader = stage.actors(3)
    kept, lost_code = random_hash(), random_hash()
    assert writer.do("protect", code=kept)["in_effect"]
    older = world.backup(world.postgres)
    for _ in range(lost - 1):
        assert writer.do("protect", code=random_hash())["in_effect"]
    assert writer.do("protect", code=lost_code)["in_effect"]
    for each in (reader, idle):
        each.do("load")
        assert each.do("ask", code=lost_code) == "protected"
    world.restore(world.postgres, older)
    if emptied:
        world.flush()
    # Registered all at once, so that the first numbers that are published lie behind, at, or beyond the lost ones.
    codes = [random_hash() for _ in range(anew)]
    clumsy = stage.actor()
    for code in codes[:-1]:
        clumsy.do("record_only", code=code)
    assert writer.do("protect", code=codes[-1])["in_effect"]
    for each in (reader, idle):
        for code in codes:
            assert each.do("ask", code=code) in {"protected", "index-loading", "index-behind"}
        each.do("follow")
        assert [each.do("ask", code=code) for code in (kept, *codes)] == ["protected"] * (1 + anew)
        assert each.do("ask", code=lost_code) == "index-behind"  # until somebody says that nothing is missing


def test_a_number_that_was_lost_before_it_was_published_hides_nothing(world: World, stage: Cast) -> None:
    """Only readers had seen it, so that the publisher of the same number has no cause for doubt."""
    victim, writer, reader = stage.actors(3)
    older = world.backup(world.postgres)
    victim.do("die_before_publishing")
    victim.dies("protect", code=random_hash())
    _, held = reader.do("load")
    assert reader.do("current")
    world.restore(world.postgres, older)
    code = random_hash()
    made = writer.do("protect", code=code)
    assert (made["in_effect"], made["number"]) == (True, held)
    assert reader.do("ask", code=code) == "index-loading"
    reader.do("follow")
    assert reader.do("ask", code=code) == "protected"


def test_a_key_revoked_in_the_new_history_is_not_believed_because_of_the_old_one(world: World, stage: Cast) -> None:
    writer, reader = stage.actors(2)
    kid = writer.do("issue", platform="Old")
    older = world.backup(world.postgres)
    for _ in range(4):
        assert writer.do("protect", code=random_hash())["in_effect"]
    reader.do("load")
    assert reader.do("look_up", kid=kid) == {"revoked": False, "confirmed": True}
    world.restore(world.postgres, older)
    world.flush()
    reader.do("follow")
    reader.do("follow")
    assert writer.do("revoke", kid=kid)
    assert reader.do("look_up", kid=kid) == {"revoked": True, "confirmed": True}


def test_a_gap_in_the_sequence_makes_a_reader_start_over(world: World, stage: Cast) -> None:
    writer, reader = stage.actors(2)
    reader.do("load")
    code = random_hash()
    number = writer.do("protect", code=code)["number"]
    assert writer.do("protect", code=random_hash())["in_effect"]
    world.execute(f"DELETE FROM matching_change WHERE number = {number}")
    assert reader.do("ask", code=code) == "index-loading"
    reader.do("follow")
    assert reader.do("ask", code=code) == "protected"


def test_another_database_in_place_of_the_old_one_makes_a_reader_start_over(world: World, stage: Cast) -> None:
    writer, reader = stage.actors(2)
    code = random_hash()
    reader.do("load")
    world.execute("UPDATE matching_sequence SET lineage = gen_random_uuid()")
    world.flush()
    assert writer.do("protect", code=code)["in_effect"]
    assert reader.do("ask", code=code) == "index-loading"
    reader.do("follow")
    assert reader.do("ask", code=code) == "protected"


def test_a_sequence_that_is_not_there_yet_is_waited_for(world: World, stage: Cast) -> None:
    """Whatever goes wrong in it, the thread that follows goes on."""
    [reader] = stage.actors(1)
    reader.do("start_following")
    assert reader.do("following")
    world.execute("ALTER TABLE matching_sequence RENAME TO away")
    world.execute("CREATE TABLE matching_sequence (LIKE away)")
    world.execute("GRANT SELECT ON matching_sequence TO veto_app")
    try:
        world.flush()
        assert not reader.do("current")
        assert reader.do("ask", code=random_hash()).startswith("index-")
        reader.do("load_anew")
        assert reader.do("following")
    finally:
        world.execute("DROP TABLE matching_sequence")
        world.execute("ALTER TABLE away RENAME TO matching_sequence")
    assert reader.do("becomes_current")
