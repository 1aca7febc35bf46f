"""What is kept of a photo is kept by profile: rows that come, go and are replaced while the protection stands."""

import os
import subprocess
import sys
from uuid import UUID

import psycopg
import pytest
from django.db import transaction

from matching import keyring, registry, stored
from matching.hashing.details import Details
from matching.hashing.fingerprint import Fingerprint
from matching.models import Change, Protection, StoredFingerprint
from tests.integration.sequence.hashes import as_asked, fingerprint, random_details, random_hash
from tests.integration.sequence.processes import Cast, World
from tests.integration.web import ROOT


def migrate(world: World, *arguments: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", *arguments]
    subprocess.run(command, cwd=ROOT, env=os.environ | world.environment, check=True)


def test_fingerprints_move_to_their_own_table_and_back(world: World, stage: Cast) -> None:
    writer = stage.actor()
    code = random_hash()
    made = writer.do("protect", code=code)["protection"]
    migrate(world, "matching", "0003")
    with psycopg.connect(world.postgres.owner_url) as owner:
        [row] = owner.execute("SELECT profile, key_id, fingerprint FROM matching_protection WHERE id = %s", [made])
    profile, key_id, blob = row
    opened = keyring.unseal(keyring.Sealed(key_id, blob), protection=UUID(made), profile=profile)
    assert Fingerprint.from_bytes(opened) == fingerprint(code)
    migrate(world)
    reader = stage.actor()
    reader.do("load")
    assert reader.do("ask", code=code) == "protected"


@pytest.fixture
def made(committed: None) -> UUID:
    with transaction.atomic():
        return registry.protect([fingerprint(random_hash())], refuse=["edit"], assurance=0)


def the(protection: UUID) -> stored.Stored:
    [found] = stored.read(Protection.objects.filter(id=protection))
    return found


def bytes_of(details: Details | None) -> bytes | None:
    return None if details is None else details.to_bytes(coarse=True)


UNREADABLE = {
    "nothing": b"",
    "words": b"first",
    "cut short": random_details()[:-1],
    "of the asked form": as_asked(random_details()).to_bytes(coarse=False),
}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
def test_what_no_index_could_read_is_never_kept(made: UUID, data: bytes) -> None:
    before = Change.objects.count()
    with pytest.raises(ValueError, match="details"), transaction.atomic():
        registry.keep_details(made, data)
    with pytest.raises(ValueError, match="details"), transaction.atomic():
        registry.protect([fingerprint(random_hash())], refuse=["edit"], assurance=0, details=data)
    assert the(made).details is None
    assert Change.objects.count() == before


def test_details_come_and_go_each_as_a_change(made: UUID) -> None:
    frames = the(made).frames
    changes = Change.objects.filter(subject=made).count()
    assert the(made).details is None
    for step, data in enumerate([random_details(), random_details(0), None, None], 1):
        with transaction.atomic():
            registry.drop_details(made) if data is None else registry.keep_details(made, data)
        assert (bytes_of(the(made).details), the(made).frames) == (data, frames)
        assert Change.objects.filter(subject=made).count() == changes + step


def test_details_may_come_with_the_photo_and_are_sealed_like_its_hashes(committed: None) -> None:
    data = random_details()
    with transaction.atomic():
        made = registry.protect([fingerprint(random_hash())], refuse=["edit"], assurance=0, details=data)
    assert bytes_of(the(made).details) == data
    row = StoredFingerprint.objects.get(protection=made, profile=stored.DETAILS)
    assert data not in bytes(row.blob)
    StoredFingerprint.objects.filter(id=row.id).update(blob=bytes(row.blob)[:-1] + b"x")
    with pytest.raises(keyring.UnreadableBlobError):
        the(made)
    registry.erase(made)
    assert not StoredFingerprint.objects.filter(protection=made).exists()


def test_a_photo_that_is_hashed_again_has_its_new_hashes(made: UUID) -> None:
    anew = fingerprint(random_hash())
    with transaction.atomic():
        registry.renew(made, [anew])
    assert the(made).frames == (anew,)
    assert registry.kept(made).frames == (anew,)


def test_a_profile_of_a_newer_release_is_passed_over_but_never_the_whole_photo(made: UUID) -> None:
    """An older process beside a newer one goes on; it does not take for absent what it cannot compare."""
    StoredFingerprint.objects.create(protection_id=made, profile="veto-9", key_id="newer", blob=b"?")
    assert len(the(made).frames) == 1
    StoredFingerprint.objects.filter(protection=made, profile="veto-1").delete()
    with pytest.raises(keyring.UnreadableBlobError, match="no fingerprint of a known profile"):
        the(made)
    StoredFingerprint.objects.filter(protection=made).delete()
    with pytest.raises(keyring.UnreadableBlobError, match="no fingerprint of a known profile"):
        the(made)
    registry.erase(made)
