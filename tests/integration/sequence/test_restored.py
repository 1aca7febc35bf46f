"""After a restore from a backup: what people and operators had ended since stays ended, by the ledger."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.sequence.hashes import near, random_hash
from tests.integration.sequence.processes import Cast, World
from tests.integration.web import ROOT


def manage(world: World, *words: str) -> tuple[int, list[Any], str]:
    line = [sys.executable, "manage.py", *words]
    done = subprocess.run(line, cwd=ROOT, env=os.environ | world.environment, check=False, capture_output=True)
    return done.returncode, [json.loads(text) for text in done.stdout.splitlines()], done.stderr.decode()


def rows(world: World, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(world.postgres.owner_url, autocommit=True) as owner:
        return owner.execute(statement, values).fetchall()


@pytest.fixture
def ledger(world: World) -> Path:
    """Not there yet."""
    folder = Path(world.environment["LEDGER_FOLDER"])
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def test_what_was_ended_after_the_backup_does_not_come_back(world: World, stage: Cast, ledger: Path) -> None:
    writer, reader = stage.actors(2)
    kept, erased, withdrawn, put_back, lost = (random_hash() for _ in range(5))
    made = {code: writer.do("protect", code=code) for code in (kept, erased, withdrawn, put_back)}
    stranger = near(kept, 28)
    exclusion = writer.do("exclude", code=stranger, photo=made[kept]["photo"])
    person = writer.do("open_account", email="canary@example.org")
    changed, before = (writer.do("open_account", email=f"{name}@example.org") for name in ("changed", "before"))
    writer.do("change_password", person=before)
    kid, replaced = (writer.do("issue", platform="Restored") for _ in range(2))
    writer.do("issue", platform="Suspended")
    backup = world.backup(world.postgres)
    assert writer.do("erase", photo=made[erased]["photo"])
    assert writer.do("withdraw", photo=made[withdrawn]["photo"])
    assert writer.do("withdraw", photo=made[put_back]["photo"])
    assert writer.do("put_back", photo=made[put_back]["photo"])
    assert writer.do("withdraw_exclusion", exclusion=exclusion)
    assert writer.do("erase_account", person=person)
    writer.do("change_password", person=changed)
    assert writer.do("revoke", kid=kid)
    assert writer.do("rotate", kid=replaced)
    assert writer.do("suspend", platform="Suspended")
    assert writer.do("protect", code=lost)["in_effect"]
    assert b"canary" not in b"".join(file.read_bytes() for file in ledger.iterdir())

    world.restore(world.postgres, backup)
    code, [said], _ = manage(world, "restored")
    done = {"person.erased": 1, "photo.erased": 1, "photo.withdrawn": 1, "photo.restored": 1}
    done |= {"exclusion.withdrawn": 1, "person.secrets_changed": 1}
    done |= {"key.revoked": 1, "key.ends": 1, "platform.suspended": 1}
    assert (code, said["done_again"]) == (0, done)
    reader.do("load")
    answers = {code: reader.do("ask", code=code) for code in (kept, stranger, put_back, erased, withdrawn, lost)}
    assert answers == {kept: "protected", stranger: "protected", put_back: "protected"} | dict.fromkeys(
        (erased, withdrawn, lost), "index-behind"
    )
    assert rows(world, "SELECT 1 FROM consent_person WHERE id = %s", person) == []
    assert reader.do("look_up", kid=kid)["revoked"]
    [[suspended]] = rows(world, "SELECT suspended_at IS NOT NULL FROM matching_platform WHERE name = 'Suspended'")
    [[ended]] = rows(world, "SELECT expires_at < now() FROM matching_apikey WHERE kid = %s", replaced)
    assert (suspended, ended) == (True, True)
    passwords = dict(rows(world, "SELECT email, left(password, 1) FROM consent_person WHERE email <> ''"))
    assert passwords == {"changed@example.org": "!", "before@example.org": "a"}  # the backup has what that one changed
    manage(world, "declare_complete", str(said["epoch"]))
    assert [reader.do("ask", code=each) for each in (erased, withdrawn)] == ["no_match", "no_match"]
    assert manage(world, "declare_complete", str(said["epoch"] - 1))[0] == 1


def test_without_the_ledger_nothing_is_opened(world: World, stage: Cast, ledger: Path) -> None:
    before = rows(world, "SELECT epoch FROM matching_sequence")
    code, said, error = manage(world, "restored")
    assert (code, said) == (1, [])
    assert f"there is no ledger in {ledger}" in error
    assert rows(world, "SELECT epoch FROM matching_sequence") == before


def test_what_the_ledger_cannot_take_is_not_said_to_be_done_and_is_written_later(
    world: World, stage: Cast, ledger: Path
) -> None:
    """Its disk is full or away: the erasure stands, and it is only not yet safe from a restore."""
    writer = stage.actor()
    made = writer.do("protect", code=random_hash())
    ledger.write_text("a file where the folder should be")
    assert not writer.do("erase", photo=made["photo"])
    ledger.unlink()
    assert writer.do("erase", photo=writer.do("protect", code=random_hash())["photo"])
    [file] = ledger.iterdir()
    lines = [json.loads(line) for line in file.read_text().splitlines() if line]
    assert [line["kind"] for line in lines] == ["photo.erased", "photo.erased"]
    assert lines[0]["subject"] == made["photo"]
    assert rows(world, "SELECT count(*) FROM matching_ledgerentry") == [(0,)]
