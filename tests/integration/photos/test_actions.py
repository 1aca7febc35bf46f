"""What a person does with photos, from the first choice to the last erasure; each test has a person of its own."""

import secrets
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from consent import actions
from consent.models import AuditEvent, OptOut, Person, Photo
from consent.models.photo import UNDO
from matching import checks
from matching.decision import Outcome
from matching.follower import Follower
from matching.hashing.fingerprint import Fingerprint, Hash
from matching.models import Change, Protection
from matching.registry import TooLittleDetailError

pytestmark = pytest.mark.usefixtures("committed")


def fingerprint() -> Fingerprint:
    half = secrets.token_bytes(16)
    bits = half + bytes(byte ^ 0xFF for byte in half)  # 128 bits set, as in every true PDQ hash
    return Fingerprint("veto-1", (Hash("full", "pdq", bits, 100),), 100)


@pytest.fixture
def follower() -> Follower:
    reader = Follower()
    reader.load()
    return reader


def denied(follower: Follower, asked: Fingerprint) -> set[str]:
    """The uses that a platform is told are denied, as soon as it asks."""
    decision = checks.ask(follower, [asked], uses=["edit", "train", "sexualise"], current=follower.current())
    assert decision is not None
    return {use for use, outcome in decision.uses.items() if outcome == Outcome.DENIED}


def state(photo: Photo) -> Photo.State:
    [found] = [state for state in Photo.State if Photo.objects.in_state(state).filter(id=photo.id).exists()]
    return found


def test_a_choice_is_changed_withdrawn_put_back_and_erased(alice: Person, follower: Follower) -> None:
    asked = fingerprint()
    photo = actions.add_photo(by=alice, fingerprints=[asked], refuse=["edit"]).photo
    assert denied(follower, asked) == {"edit", "sexualise"}
    assert actions.revise_photos(by=alice, photos=[photo], refuse=["train"]).in_effect
    assert denied(follower, asked) == {"train", "sexualise"}
    assert actions.withdraw_photos(by=alice, photos=[photo]).in_effect
    assert denied(follower, asked) == set()
    assert state(photo) == Photo.State.WITHDRAWN
    assert actions.restore_photos(by=alice, photos=[photo]).in_effect
    assert denied(follower, asked) == {"train", "sexualise"}
    assert actions.erase_photos(by=alice, photos=[photo])
    assert denied(follower, asked) == set()
    assert not Protection.objects.filter(id=photo.protection).exists()
    acts = AuditEvent.objects.filter(by=alice.id).order_by("at").values_list("action", flat=True)
    assert list(acts) == [
        "photo.protected",
        "photo.revised",
        "photo.withdrawn",
        "photo.restored",
        "photo.erased",
    ]


def test_the_same_photo_is_registered_once_and_by_two_people_twice(alice: Person, follower: Follower) -> None:
    asked = fingerprint()
    photo = actions.add_photo(by=alice, fingerprints=[asked], refuse=["edit"]).photo
    with pytest.raises(actions.AlreadyRegisteredError) as again:
        actions.add_photo(by=alice, fingerprints=[asked], refuse=["train"])
    assert again.value.photo == photo
    assert denied(follower, asked) == {"edit", "sexualise"}
    bob = Person.objects.create(username=uuid4().hex)
    actions.add_photo(by=bob, fingerprints=[asked], refuse=["train"])
    assert denied(follower, asked) == {"edit", "train", "sexualise"}
    actions.withdraw_photos(by=alice, photos=[photo])
    assert denied(follower, asked) == {"train", "sexualise"}


def test_a_withdrawn_photo_that_is_added_again_takes_the_new_choice(alice: Person, follower: Follower) -> None:
    asked = fingerprint()
    photo = actions.add_photo(by=alice, fingerprints=[asked], refuse=["edit"]).photo
    actions.withdraw_photos(by=alice, photos=[photo])
    assert actions.add_photo(by=alice, fingerprints=[asked], refuse=["train"]).photo == photo
    assert denied(follower, asked) == {"train", "sexualise"}


def test_a_photo_over_the_limits_waits_until_it_is_released(alice: Person, follower: Follower) -> None:
    asked = fingerprint()
    decided = actions.add_photo(by=alice, fingerprints=[asked], refuse=["edit"], pending=True)
    assert not decided.in_effect
    assert state(decided.photo) == Photo.State.PENDING
    assert denied(follower, asked) == set()
    with pytest.raises(actions.AlreadyRegisteredError) as again:
        actions.add_photo(by=alice, fingerprints=[asked], refuse=["edit"])
    assert not again.value.in_effect
    assert not actions.revise_photos(by=alice, photos=[decided.photo], refuse=["train"]).in_effect
    assert denied(follower, asked) == set()
    assert actions.release_photos(by=alice, photos=[decided.photo]).in_effect
    assert denied(follower, asked) == {"train", "sexualise"}
    assert state(decided.photo) == Photo.State.PROTECTED


def test_a_waiting_photo_that_is_withdrawn_does_not_come_into_force(alice: Person, follower: Follower) -> None:
    asked = fingerprint()
    photo = actions.add_photo(by=alice, fingerprints=[asked], refuse=["edit"], pending=True).photo
    actions.withdraw_photos(by=alice, photos=[photo])
    actions.release_photos(by=alice, photos=[photo])
    assert denied(follower, asked) == set()
    actions.restore_photos(by=alice, photos=[Photo.objects.get(id=photo.id)])
    assert denied(follower, asked) == {"edit", "sexualise"}


def test_a_photo_that_is_put_back_with_another_choice_is_one_change(alice: Person, follower: Follower) -> None:
    asked = fingerprint()
    photo = actions.add_photo(by=alice, fingerprints=[asked], refuse=["edit"]).photo
    actions.withdraw_photos(by=alice, photos=[photo])
    before = Change.objects.filter(subject=photo.protection).count()
    actions.restore_photos(by=alice, photos=[photo], refuse=["train"])
    assert Change.objects.filter(subject=photo.protection).count() == before + 1
    assert denied(follower, asked) == {"train", "sexualise"}


def test_a_waiting_photo_that_is_withdrawn_and_put_back_still_waits(alice: Person, follower: Follower) -> None:
    asked = fingerprint()
    photo = actions.add_photo(by=alice, fingerprints=[asked], refuse=["edit"], pending=True).photo
    actions.withdraw_photos(by=alice, photos=[photo])
    assert not actions.restore_photos(by=alice, photos=[photo]).in_effect
    assert denied(follower, asked) == set()
    actions.release_photos(by=alice, photos=[photo])
    assert denied(follower, asked) == {"edit", "sexualise"}


def test_what_was_withdrawn_long_ago_is_erased_and_nothing_else(alice: Person) -> None:
    kept, fresh, old = (
        actions.add_photo(by=alice, fingerprints=[fingerprint()], refuse=["edit"]).photo for _ in range(3)
    )
    actions.withdraw_photos(by=alice, photos=[fresh, old])
    long_ago = timezone.now() - UNDO - timedelta(minutes=1)
    OptOut.objects.filter(photo=old).update(withdrawn_at=long_ago)
    actions.erase_long_withdrawn(by=alice, now=timezone.now(), most=500)
    assert set(Photo.objects.of(alice)) == {kept, fresh}


def test_a_blank_photo_leaves_nothing_behind(alice: Person) -> None:
    with pytest.raises(TooLittleDetailError):
        actions.add_photo(by=alice, fingerprints=[Fingerprint("veto-1", (), 0)], refuse=["edit"])
    assert not Photo.objects.of(alice).exists()
    assert not AuditEvent.objects.filter(by=alice.id).exists()


def test_an_opt_out_and_its_protection_exist_together_or_not_at_all(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DatabaseError

    before = Protection.objects.count()
    monkeypatch.setattr(AuditEvent.objects, "bulk_create", fail)
    with pytest.raises(DatabaseError):
        actions.add_photo(by=alice, fingerprints=[fingerprint()], refuse=["edit"])
    assert (Photo.objects.of(alice).count(), Protection.objects.count()) == (0, before)


def test_an_action_does_not_hide_inside_another_transaction(alice: Person) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        actions.add_photo(by=alice, fingerprints=[fingerprint()], refuse=["edit"])


def test_the_audit_holds_no_name_and_no_hash(alice: Person) -> None:
    asked = fingerprint()
    photo = actions.add_photo(by=alice, fingerprints=[asked], refuse=["edit"], label="Lake with Ana").photo
    actions.label_photo(by=alice, photo=photo, label="Lake with Bea")
    said = str(list(AuditEvent.objects.filter(by=alice.id).values_list("facts", "action")))
    assert "Lake" not in said
    assert asked.hashes[0].bits.hex() not in said


def test_time_releases_and_erases(alice: Person) -> None:
    from consent.tasks import erase_withdrawn, release_pending

    waiting = actions.add_photo(by=alice, fingerprints=[fingerprint()], refuse=["edit"], pending=True).photo
    young = actions.add_photo(by=alice, fingerprints=[fingerprint()], refuse=["edit"], pending=True).photo
    gone = actions.add_photo(by=alice, fingerprints=[fingerprint()], refuse=["edit"]).photo
    Photo.objects.filter(id=waiting.id).update(pending_since=timezone.now() - timedelta(days=1, minutes=1))
    actions.withdraw_photos(by=alice, photos=[gone])
    OptOut.objects.filter(photo=gone).update(withdrawn_at=timezone.now() - UNDO - timedelta(minutes=1))
    release_pending()
    erase_withdrawn()
    assert state(waiting) == Photo.State.PROTECTED
    assert state(young) == Photo.State.PENDING
    assert not Photo.objects.filter(id=gone.id).exists()
