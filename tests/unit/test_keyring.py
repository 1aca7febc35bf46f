"""Fingerprints at rest."""

from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from matching import keyring

OLD, NEW = b"o" * 32, b"n" * 32


@pytest.fixture(autouse=True)
def ring(settings: Settings) -> None:
    settings.FINGERPRINT_KEYS = {"old": OLD}


def test_what_was_sealed_opens_and_shows_nothing_of_itself() -> None:
    protection = uuid4()
    sealed = keyring.seal(b"hash" * 8, protection=protection, profile="veto-1")
    assert b"hash" not in sealed.blob
    assert keyring.unseal(sealed, protection=protection, profile="veto-1") == b"hash" * 8


def test_the_same_fingerprint_is_sealed_differently_each_time() -> None:
    protection = uuid4()
    assert len({keyring.seal(b"x", protection=protection, profile="veto-1").blob for _ in range(100)}) == 100


def test_a_new_current_key_seals_and_the_old_one_still_opens(settings: Settings) -> None:
    protection = uuid4()
    before = keyring.seal(b"x", protection=protection, profile="veto-1")
    settings.FINGERPRINT_KEYS = {"new": NEW, "old": OLD}
    after = keyring.seal(b"x", protection=protection, profile="veto-1")
    assert (before.key_id, after.key_id) == ("old", "new")
    assert keyring.unseal(before, protection=protection, profile="veto-1") == b"x"


@pytest.mark.parametrize("fault", ["other row", "other profile", "flipped bit", "lost key", "cut short", "empty"])
def test_a_blob_that_is_not_what_was_sealed_here_does_not_open(settings: Settings, fault: str) -> None:
    protection, profile = uuid4(), "veto-1"
    sealed = keyring.seal(b"hash" * 8, protection=protection, profile=profile)
    blob = sealed.blob
    match fault:
        case "other row":
            protection = uuid4()
        case "other profile":
            profile = "veto-2"
        case "flipped bit":
            blob = blob[:-1] + bytes([blob[-1] ^ 1])
        case "lost key":
            settings.FINGERPRINT_KEYS = {"new": NEW}
        case "cut short":
            blob = blob[:20]
        case "empty":
            blob = b""
    with pytest.raises(keyring.UnreadableBlobError) as error:
        keyring.unseal(keyring.Sealed(sealed.key_id, blob), protection=protection, profile=profile)
    assert "hash" * 8 not in str(error.value)
