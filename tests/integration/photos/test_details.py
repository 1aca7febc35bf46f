"""Whether details of photos are kept: the person's choice, for the next ones, for one and for all."""

import re
from uuid import uuid4

import numpy as np
import pytest
import redis
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from PIL import Image

from consent import actions
from consent.models import AuditEvent, Person, Photo
from matching import registry, sequence
from tests.browser.people import details, fingerprint
from tests.integration.photos.test_pages import answer_before, file, some_photo, text, upload
from tests.pictures import encoded

pytestmark = pytest.mark.usefixtures("committed")

BOX = re.compile(r'<input type="checkbox" name="keep_details"[^>]*>')
KEEP = {"keep_details": "on"}


def box_is_ticked(answer: HttpResponse) -> bool:
    [box] = BOX.findall(answer.content.decode())
    return "checked" in box


def plain_photo() -> bytes:
    """Forms enough for a hash, and too few small ones for details."""
    fields = np.random.default_rng(uuid4().int).integers(0, 256, (5, 6, 3), np.uint8)
    return encoded(Image.fromarray(fields).resize((480, 360), Image.Resampling.BICUBIC))


def added(by: Person, number: int = 1) -> list[Photo]:
    return [
        actions.add_photo(by=by, fingerprints=[fingerprint()], refuse=["edit"], details=details()).photo
        for _ in range(number)
    ]


def kept(photo: Photo) -> bool:
    """Whether there are any; the page's word for it is checked with them."""
    photo.refresh_from_db()
    there = registry.kept(photo.protection).details is not None
    assert there == (photo.details == Photo.Details.KEPT)
    return there


def test_details_are_kept_where_the_box_stays_ticked_and_nowhere_else(client: Client, alice: Person) -> None:
    answer_before(client)
    assert box_is_ticked(client.get(reverse("photos-upload")))
    upload(client, some_photo(), label="ticked", **KEEP)
    upload(client, some_photo(), label="unticked")
    ticked, unticked = (Photo.objects.of(alice).get(label=label) for label in ("ticked", "unticked"))
    assert (kept(ticked), kept(unticked), unticked.details) == (True, False, "declined")


def test_a_form_with_a_fault_keeps_the_box_as_it_was(client: Client) -> None:
    answer_before(client)
    for sent in ({}, KEEP):
        assert box_is_ticked(client.post(reverse("photos-upload"), {"preset": "own"} | sent)) == bool(sent)
        assert box_is_ticked(client.post(reverse("photos-default"), {"preset": "none"} | sent)) == bool(sent)


def test_what_is_chosen_for_the_next_photos_is_what_their_form_starts_from(client: Client, alice: Person) -> None:
    photo, default = added(alice)[0], reverse("photos-default")
    assert box_is_ticked(client.get(default))
    for sent in ({}, KEEP):
        client.post(default, {"preset": "essential"} | sent)
        answer_before(client)
        for page in (default, reverse("photos-upload")):
            assert box_is_ticked(client.get(page)) == bool(sent)
    assert kept(photo)


def test_details_of_one_photo_are_removed_and_come_back_when_it_is_added_again(client: Client, alice: Person) -> None:
    data = some_photo().read()
    upload(client, file("a.jpg", data), **KEEP)
    [photo] = Photo.objects.of(alice)
    page, drop = reverse("photo", args=[photo.id]), reverse("photo-drop-details", args=[photo.id])
    assert "Details of it are kept" in text(client.get(page))
    said = text(client.post(drop, follow=True))
    assert "The details of 1 photo are removed. Saved. Every check from now on takes it into account." in said
    assert not kept(photo)
    for words in ("You keep no details of it.", "Add it again to keep them", "Details removed"):
        assert words in said
    assert "Remove its details" not in said
    assert "There are no details to remove" in text(client.post(drop, follow=True))
    assert AuditEvent.objects.filter(subject=photo.id, action="photo.details_dropped").count() == 1
    assert "Renewed" in text(upload(client, file("a.jpg", data), **KEEP))
    assert kept(photo)


def test_details_of_all_photos_are_removed_once_that_is_confirmed(client: Client, alice: Person) -> None:
    photos, every = added(alice, 3), reverse("photos-drop-details")
    actions.withdraw_photos(by=alice, photos=photos[:1])
    assert every in client.get(reverse("photos-default")).content.decode()
    assert "The details of your 3 photos are deleted." in text(client.get(every))
    assert all(map(kept, photos))
    said = text(client.post(every, follow=True))
    assert "The details of 3 photos are removed. Saved. Every check from now on takes it into account." in said
    assert not any(map(kept, photos))
    assert "Remove the details" not in said
    assert client.get(every)["Location"] == reverse("photos-default")
    assert "There are no details to remove" in text(client.post(every, follow=True))


def test_a_removal_that_is_not_yet_in_effect_is_told_as_such(
    client: Client, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise redis.ConnectionError

    one, other = added(alice, 2)
    monkeypatch.setattr(sequence, "settle", away)
    for address in (reverse("photo-drop-details", args=[one.id]), reverse("photos-drop-details")):
        said = text(client.post(address, follow=True))
        assert "The details of 1 photo are removed. Saved. It is taking effect; come back in a minute." in said
        assert "Every check" not in said
    assert not kept(one)
    assert not kept(other)


def test_a_photo_with_too_few_details_is_told_so_whenever_it_is_added(client: Client, alice: Person) -> None:
    data = plain_photo()
    upload(client, file("plain.jpg", data))
    for _ in range(2):
        said = text(upload(client, file("plain.jpg", data), **KEEP))
        assert "You registered this photo before. Your choice for it stays as it is. It has too few details" in said
    [photo] = Photo.objects.of(alice)
    assert (kept(photo), photo.details) == (False, "too-few")
    said = text(client.get(reverse("photo", args=[photo.id])))
    assert "It has too few details to keep." in said
    assert "Add it again" not in said
    new = text(upload(client, file("other.jpg", plain_photo()), **KEEP))
    assert "Saved. Every check from now on takes it into account. It has too few details to keep" in new


def test_of_a_photo_from_before_there_were_details_it_is_said_how_to_keep_them(client: Client, alice: Person) -> None:
    [photo] = added(alice)
    Photo.objects.filter(id=photo.id).update(details=Photo.Details.NONE)
    said = text(client.get(reverse("photo", args=[photo.id])))
    assert "It was registered without details." in said
    assert "Add it again to keep them" in said


def test_of_a_withdrawn_photo_details_are_removed_but_none_are_asked_for(client: Client, alice: Person) -> None:
    [photo] = added(alice)
    actions.withdraw_photos(by=alice, photos=[photo])
    page = reverse("photo", args=[photo.id])
    assert "Remove its details" in text(client.get(page))
    client.post(reverse("photo-drop-details", args=[photo.id]))
    assert not kept(photo)
    assert "Finding parts of it" not in text(client.get(page))


def test_nobody_removes_anothers_details(client: Client, alice: Person) -> None:
    [photo] = added(alice)
    charlie = Client()
    charlie.force_login(Person.objects.create(username=uuid4().hex))
    assert charlie.post(reverse("photo-drop-details", args=[photo.id])).status_code == 404
    assert "There are no details to remove" in text(charlie.post(reverse("photos-drop-details"), follow=True))
    assert kept(photo)


def test_a_withdrawn_photo_that_is_added_again_without_details_comes_back_without_them(alice: Person) -> None:
    codes = fingerprint()
    photo = actions.add_photo(by=alice, fingerprints=[codes], refuse=["edit"], details=details()).photo
    assert kept(photo)
    actions.withdraw_photos(by=alice, photos=[photo])
    again = actions.add_photo(by=alice, fingerprints=[codes], refuse=["edit"], details=details(), keep_details=False)
    assert again.photo == photo
    assert not kept(photo)
