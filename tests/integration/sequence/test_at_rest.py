"""Fingerprints at rest: encrypted, bound to their row, under a ring of keys. What cannot be read is never skipped."""

import base64
import json
import os
import secrets
import subprocess
import sys
from typing import Any

import pytest

from matching.hashing.fingerprint import Fingerprint
from tests.integration.sequence.hashes import fingerprint, random_details, random_hash
from tests.integration.sequence.processes import Cast, World
from tests.integration.web import ROOT


def ring(*names: str) -> str:
    return ",".join(f"{name}:{base64.b64encode(secrets.token_bytes(32)).decode()}" for name in names)


@pytest.fixture(autouse=True)
def only_mine(world: World) -> None:
    """Every row here is under the keys of its own test; those of the tests before are withdrawn."""
    world.execute("UPDATE matching_protection SET state = 'withdrawn'")
    world.execute("UPDATE matching_exclusion SET withdrawn_at = now()")
    world.flush()


def test_neither_hash_nor_details_stand_anywhere_in_the_database(world: World, stage: Cast) -> None:
    writer = stage.actor()
    code = random_hash()
    made = writer.do("protect", code=code)
    details = random_details()
    assert writer.do("keep_details", protection=made["protection"], packed=details.hex())
    assert writer.do("withdraw", photo=made["photo"])
    bits = bytes.fromhex(code)
    pieces = [bits, bits[:8], bits[-8:], code.encode(), base64.b64encode(bits)[:16]]
    pieces += [details[start : start + 8] for start in range(10, len(details) - 8)]  # whatever it were cut into
    pieces += [details[10:18].hex().encode(), base64.b64encode(details)[16:32]]
    tables = [str(table) for (table,) in world.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    assert {
        "matching_protection",
        "matching_storedfingerprint",
        "matching_change",
        "consent_auditevent",
        "consent_photo",
    } <= set(tables)
    for table in tables:
        for row in world.execute(f"SELECT * FROM {table}"):
            for value in row:
                raw = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                assert not [piece for piece in pieces if piece in raw], table
    with world.redis() as client:
        for key in client.scan_iter():
            assert not [piece for piece in pieces if piece in (client.dump(key) or b"")]
    for path in world.folder.rglob("*"):  # the data of both, and their logs
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            assert not [piece for piece in (bits, details[10:26], details[-18:-2]) if piece in data], path


def test_equal_photos_are_not_equal_at_rest(world: World, stage: Cast) -> None:
    writer = stage.actor()
    code = random_hash()
    made = [writer.do("protect", code=code)["protection"] for _ in range(2)]
    blobs = world.execute("SELECT blob FROM matching_storedfingerprint WHERE protection_id = ANY(%s::uuid[])", made)
    assert len(set(blobs)) == 2
    for (blob,) in blobs:
        assert isinstance(blob, bytes)
        with pytest.raises(ValueError, match="fingerprint"):
            Fingerprint.from_bytes(blob)
        assert len(blob) == 12 + len(fingerprint(code).to_bytes()) + 16


def test_a_new_current_key_writes_and_the_old_one_still_reads(world: World, stage: Cast) -> None:
    old, new = ring("k1"), ring("k2")
    before, after = random_hash(), random_hash()
    first = stage.actor(FINGERPRINT_KEYS=old)
    made = [first.do("protect", code=before)["protection"]]
    rotated, old_reader = stage.actor(FINGERPRINT_KEYS=f"{new},{old}"), first
    old_reader.do("load")
    made.append(rotated.do("protect", code=after)["protection"])
    statement = "SELECT key_id FROM matching_storedfingerprint WHERE protection_id = %s"
    assert [world.execute(statement, protection) for protection in made] == [[("k1",)], [("k2",)]]
    rotated.do("load")
    assert [rotated.do("ask", code=code) for code in (before, after)] == ["protected", "protected"]
    # A process that was not given the new key knows that it does not know.
    assert old_reader.do("ask", code=before) == "protected"
    assert old_reader.do("ask", code=after) == "index-behind"
    assert old_reader.do("ask", code=random_hash()) == "index-behind"
    assert "UnreadableBlobError: no key 'k2' in FINGERPRINT_KEYS" in old_reader.fails("load")


def resealed(world: World, ring: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, facts and complaints of `manage.py reseal`."""
    environment = os.environ | world.environment | {"FINGERPRINT_KEYS": ring}
    command = [sys.executable, "manage.py", "reseal", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout), done.stderr


def test_what_an_old_key_sealed_is_sealed_anew_and_then_needs_no_old_key(world: World, stage: Cast) -> None:
    world.execute("DELETE FROM matching_storedfingerprint")
    old, new = ring("k1"), ring("k2")
    code, image, details = random_hash(), random_hash(), random_details()
    first = stage.actor(FINGERPRINT_KEYS=old)
    made = first.do("protect", code=code)["protection"]
    assert first.do("keep_details", protection=made, packed=details.hex())
    first.do("exclude", code=image, minimum_assurance=1)
    lost = first.do("protect", code=random_hash())["protection"]
    world.execute("UPDATE matching_storedfingerprint SET key_id = 'gone' WHERE protection_id = %s", lost)
    status, said, complaints = resealed(world, f"{new},{old}")
    assert (status, said["resealed"], said["sealed_by"]) == (1, 3, {"k2": 3, "gone": 1})
    assert f"no key 'gone' in FINGERPRINT_KEYS for protection {lost}" in complaints
    world.execute("UPDATE matching_storedfingerprint SET key_id = 'k1' WHERE protection_id = %s", lost)
    for resealed_now in (1, 0):
        status, said, _ = resealed(world, f"{new},{old}")
        assert (status, said["resealed"], said["sealed_by"]) == (0, resealed_now, {"k2": 4})
    last = stage.actor(FINGERPRINT_KEYS=new)
    last.do("load")
    assert (last.do("ask", code=code), last.do("excluded")) == ("protected", 1)
    assert last.do("ask_details", packed=details.hex()) == "protected"


DAMAGES = {
    "moved from another row": "(SELECT blob FROM matching_storedfingerprint WHERE protection_id = %s)",
    "one bit other": "set_bit(blob, 200, 1 - get_bit(blob, 200))",
    "its nonce other": "set_bit(blob, 3, 1 - get_bit(blob, 3))",
    "cut short": "substring(blob FROM 1 FOR 40)",
    "nothing": "''::bytea",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_blob_that_does_not_open_is_never_skipped(world: World, stage: Cast, damage: str) -> None:
    writer, reader = stage.actors(2)
    known, code = random_hash(), random_hash()
    other = writer.do("protect", code=known)["protection"]
    reader.do("load")
    made = writer.do("protect", code=code)["protection"]
    [(blob,)] = world.execute("SELECT blob FROM matching_storedfingerprint WHERE protection_id = %s", made)
    expression = DAMAGES[damage]
    values = (other, made) if "%s" in expression else (made,)
    world.execute(f"UPDATE matching_storedfingerprint SET blob = {expression} WHERE protection_id = %s", *values)
    for _ in range(2):
        assert reader.do("ask", code=code) == "index-behind"
        assert reader.do("ask", code=random_hash()) == "index-behind"
        assert reader.do("ask", code=known) == "protected"
    failure = reader.fails("load")
    assert failure == f"UnreadableBlobError: the fingerprint of protection {made} does not open"
    assert reader.do("ask", code=known) == "index-loading"
    world.execute("UPDATE matching_storedfingerprint SET blob = %s WHERE protection_id = %s", blob, made)
    reader.do("follow")
    assert reader.do("ask", code=code) == "protected"


@pytest.mark.parametrize("damage", ["one bit other", "cut short", "nothing"])
def test_details_that_do_not_open_are_never_skipped(world: World, stage: Cast, damage: str) -> None:
    writer, reader = stage.actors(2)
    known, code, details = random_hash(), random_hash(), random_details()
    writer.do("protect", code=known)
    reader.do("load")
    made = writer.do("protect", code=code)["protection"]
    assert writer.do("keep_details", protection=made, packed=details.hex())
    where = "protection_id = %s AND profile = 'veto-details-1'"
    [(blob,)] = world.execute(f"SELECT blob FROM matching_storedfingerprint WHERE {where}", made)
    world.execute(f"UPDATE matching_storedfingerprint SET blob = {DAMAGES[damage]} WHERE {where}", made)
    assert reader.do("ask_details", packed=details.hex()) == "index-behind"
    assert reader.do("ask_details", packed=random_details().hex()) == "index-behind"
    assert reader.do("ask", code=known) == "protected"
    assert "does not open" in reader.fails("load")
    world.execute(f"UPDATE matching_storedfingerprint SET blob = %s WHERE {where}", blob, made)
    reader.do("follow")
    assert reader.do("ask_details", packed=details.hex()) == "protected"


def test_a_process_that_cannot_catch_up_reads_each_key_in_the_database(world: World, stage: Cast) -> None:
    writer, reader = stage.actors(2)
    kid = writer.do("issue", platform="Prompt")
    reader.do("load")
    assert reader.do("look_up", kid=kid) == {"revoked": False, "confirmed": True}
    made = writer.do("protect", code=random_hash())["protection"]
    world.execute("UPDATE matching_storedfingerprint SET key_id = 'gone' WHERE protection_id = %s", made)
    assert not reader.do("current")
    assert writer.do("revoke", kid=kid)
    assert not reader.do("current")
    assert reader.do("look_up", kid=kid) == {"revoked": True, "confirmed": True}
