"""When a new profile comes, nobody is lost: old and new are matched side by side, and people learn what to send again.

`veto-2` is the test's own: fewer views, other thresholds. The decoder process knows only what is released, so that here
its work is done in this process.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from consent import actions, adding
from consent.models import AuditEvent, Person, Photo
from matching import checks, registry
from matching.api import auth, meta
from matching.api import check as api_check
from matching.follower import Follower
from matching.hashing import profile as profiles
from matching.hashing.fingerprint import Fingerprint, Hash
from matching.hashing.hashes import Effort, fingerprint_of, query_of
from matching.hashing.keypoints import asked_details
from matching.hashing.pictures import pictures
from matching.hashing.profile import ORIENTATIONS, PROFILES, VETO_1
from matching.hashing.rules import Thresholds
from matching.index.interface import Claim
from matching.index.scan import ScanIndex
from matching.models import StoredFingerprint
from matching.problems import Problem
from tests.integration.photos.test_hashes import hashes_of, send, sent_photo
from tests.integration.photos.test_pages import file, text, upload
from tests.integration.web import new_key
from tests.pictures import encoded, picture

VETO_2 = replace(
    VETO_1,
    name="veto-2",
    code=2,
    stored={"pdq": ("full", "center-80"), "dhash": ("full",)},
    asked={"pdq": {"full": ORIENTATIONS}, "dhash": {"full": ORIENTATIONS}},
    asked_with_effort={},
    algorithms={
        name: replace(algorithm, thresholds=Thresholds(strong=20, match=30, possible=40))
        for name, algorithm in VETO_1.algorithms.items()
    },
)


class HereDecoder:
    def fingerprints(self, image: bytes) -> tuple[Fingerprint, ...]:
        return tuple(fingerprint_of(pictures(image), profile) for profile in PROFILES.values())

    def queries(self, image: bytes, *, effort: Effort = "normal") -> tuple[Fingerprint, ...]:
        return tuple(query_of(pictures(image), effort, profile) for profile in PROFILES.values())

    @contextmanager
    def opened(self, image: bytes) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(
            fingerprints=partial(self.fingerprints, image),
            queries=partial(self.queries, image),
            stored_details=lambda: None,
            asked_details=lambda: asked_details(pictures(image)).to_bytes(coarse=False),
        )


HERE = HereDecoder()


def release(monkeypatch: pytest.MonkeyPatch, *newest_first: profiles.Profile, held: tuple[str, ...] = ()) -> None:
    """From now on these profiles are known."""
    for name in list(PROFILES):
        monkeypatch.delitem(PROFILES, name)
    for each in newest_first:
        monkeypatch.setitem(PROFILES, each.name, each)
    monkeypatch.setattr(profiles, "HELD", set(held))
    reader = Follower()
    reader.load()
    for module in (auth, meta):
        monkeypatch.setattr(module, "shared", lambda: reader)


@pytest.fixture(autouse=True)
def here(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (adding, api_check):
        monkeypatch.setattr(module, "shared_decoder", lambda: HERE)
    yield
    for row in StoredFingerprint.objects.filter(profile=VETO_2.name):
        registry.erase(row.protection_id)  # other processes of this run never heard of it


@pytest.fixture
def image() -> bytes:
    return encoded(picture(uuid4().int % 2**60))


def add(by: Person, image: bytes, **choice: Any) -> actions.Decided:
    return actions.add_photo(by=by, fingerprints=HERE.fingerprints(image), **{"refuse": ["edit"]} | choice)


def profiles_of(photo: Photo) -> set[str]:
    return set(StoredFingerprint.objects.filter(protection=photo.protection).values_list("profile", flat=True))


def platform() -> tuple[Client, dict[str, str]]:
    return Client(), {"Authorization": f"Bearer {new_key('Between profiles')}"}


def check_image(image: bytes) -> dict[str, Any]:
    asking, headers = platform()
    return dict(asking.post("/v1/check/image?uses=edit", image, "image/jpeg", headers=headers).json())


def check(profile: str, hashes: list[dict[str, Any]]) -> dict[str, Any]:
    asking, headers = platform()
    sent = [{name: item[name] for name in ("view", "orientation", "algorithm", "hash", "texture")} for item in hashes]
    body = {"profile": profile, "hashes": sent, "uses": ["edit"]}
    return dict(asking.post("/v1/check", body, "application/json", headers=headers).json())


def by_profile(answer: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {each["profile"]: each["hashes"] for each in [answer, *answer.get("also", [])]}


def test_who_registered_under_an_older_profile_is_found_by_the_image(
    alice: Person, image: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = add(alice, image).photo
    assert profiles_of(old) == {"veto-1"}
    release(monkeypatch, VETO_2, VETO_1)
    mirrored = encoded(picture(uuid4().int % 2**60))
    assert check_image(mirrored)["result"] == "no_match"
    assert check_image(image)["result"] == "protected"
    release(monkeypatch, VETO_2, VETO_1, held=("veto-1",))
    assert check_image(image)["result"] == "protected"


def test_a_miss_under_a_profile_that_not_everyone_has_is_never_no_match(
    alice: Person, image: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(alice, image)
    release(monkeypatch, VETO_2, VETO_1)
    asked = by_profile(check_image(image))
    assert list(asked) == ["veto-1", "veto-2"]  # first the one that gets complete answers
    assert check("veto-1", asked["veto-1"])["result"] == "protected"
    answer = check("veto-2", asked["veto-2"])
    assert (answer["code"], answer["fallback"]) == ("profile-incomplete", {"action": "deny"})
    assert "Ask under veto-1, or with the image" in answer["detail"]
    other = by_profile(check_image(encoded(picture(uuid4().int % 2**60))))
    assert check("veto-1", other["veto-1"])["result"] == "no_match"
    assert check("pdq", other["veto-1"][:1])["result"] == "no_match"
    assert Client().get("/v1/status").json()["complete"] == ["veto-1"]


def test_a_photo_that_comes_later_is_found_under_every_profile_that_may_be_asked(
    alice: Person, image: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(monkeypatch, VETO_2, VETO_1)
    new = add(alice, image).photo
    assert profiles_of(new) == {"veto-1", "veto-2"}
    asked = by_profile(check_image(image))
    for name in ("veto-1", "veto-2"):
        assert check(name, asked[name])["result"] == "protected", name
    assert check("pdq", asked["veto-2"][:1])["result"] == "protected"
    release(monkeypatch, VETO_2, VETO_1, held=("veto-1",))
    assert profiles_of(add(alice, encoded(picture(uuid4().int % 2**60))).photo) == {"veto-2"}
    assert check("veto-1", asked["veto-1"])["code"] == "unsupported-profile"
    assert list(by_profile(check_image(image))) == ["veto-2"]


def test_a_question_under_one_profile_is_complete_once_everyone_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """On an index of its own, without what other tests registered before."""
    release(monkeypatch, VETO_2, VETO_1)
    reader = auth.shared()
    reader.index = ScanIndex()
    photos = [HERE.fingerprints(encoded(picture(seed))) for seed in (1, 2)]
    question = [HERE.queries(encoded(picture(3)))[0]]
    claims = [Claim(uuid4(), 63, 0, date(2026, 1, 1)) for _ in photos]
    reader.index.apply([(claims[0], photos[0]), (claims[1], photos[1][1:])], [])
    with pytest.raises(Problem, match="profile-incomplete"):
        checks.ask(reader, question, uses=["edit"], current=True)
    reader.index.apply([(claims[1], photos[1])], [])
    decision = checks.ask(reader, question, uses=["edit"], current=True)
    assert decision is not None
    assert decision.result == "no_match"


def test_every_profile_is_listed_with_its_state(monkeypatch: pytest.MonkeyPatch) -> None:
    def states() -> dict[str, str]:
        return {each["name"]: each["state"] for each in Client().get("/v1/algorithms").json()["profiles"]}

    assert states() == {"veto-1": "current"}
    release(monkeypatch, VETO_2, VETO_1)
    assert states() == {"veto-2": "current", "veto-1": "accepted"}
    release(monkeypatch, VETO_2, VETO_1, held=("veto-1",))
    assert states() == {"veto-2": "current", "veto-1": "held"}


def test_each_profile_goes_by_its_own_thresholds(alice: Person, image: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    release(monkeypatch, VETO_2, VETO_1)
    add(alice, image)
    assert auth.shared().current()
    index = auth.shared().index
    [query] = [each for each in HERE.queries(image) if each.profile == "veto-1"]
    first = query.hashes[0]
    flipped = int.from_bytes(first.bits) ^ (2**36 - 1)
    far = first._replace(bits=flipped.to_bytes(32))
    assert [hit.profile for hit in index.search([replace(query, hashes=(far,))])] == ["veto-1"]
    assert index.search([Fingerprint("veto-2", (far._replace(texture=b""),), 100)]) == []


@pytest.mark.parametrize("held", [(), ("veto-1",)], ids=["accepted", "held"])
def test_the_same_photo_sent_again_is_renewed_and_not_registered_twice(
    client: Client, alice: Person, image: bytes, monkeypatch: pytest.MonkeyPatch, held: tuple[str, ...]
) -> None:
    photo = add(alice, image, refuse=["train"], label="Lake").photo
    assert listed(client) == ("", 0)
    release(monkeypatch, VETO_2, VETO_1, held=held)
    added = add(alice, encoded(picture(uuid4().int % 2**60)), label="Forest").photo
    assert listed(client) == ("1 photo to add again", 1)
    only = text(client.get(reverse("photos"), {"state": "again"}))
    assert ("Lake" in only, "Forest" in only) == (True, False)
    assert "we need the photo itself once more" in text(client.get(reverse("photo", args=[photo.id])))
    assert "once more" not in text(client.get(reverse("photo", args=[added.id])))

    said = text(upload(client, file("lake.jpg", image)))
    assert "Renewed" in said[said.index("lake.jpg") :][:60]
    assert profiles_of(photo) == {"veto-1", "veto-2"}
    assert Photo.objects.of(alice).count() == 2
    assert listed(client) == ("", 0)
    assert refused(client, photo) == "Refused: Sexualise, Train"
    said = text(upload(client, file("lake.jpg", image)))
    assert "Already protected" in said[said.index("lake.jpg") :][:60]
    acts = AuditEvent.objects.filter(subject=photo.id).order_by("at").values_list("action", flat=True)
    assert list(acts) == ["photo.protected", "photo.renewed"]
    asked = by_profile(check_image(image))
    assert check_image(image)["matches"] == []  # `train` alone is refused
    assert "veto-2" in asked


def listed(client: Client) -> tuple[str, int]:
    """What the list says of photos to add again, and how many cards do."""
    said = text(client.get(reverse("photos")))
    found = re.search(r"\d+ photos? to add again", said)
    return (found.group() if found else ""), said.count(". To add again.")


def refused(client: Client, photo: Photo) -> str:
    page: HttpResponse = client.get(reverse("photos"), {"name": photo.label})
    return next(iter(re.findall(r"Refused: [A-Z][a-z]+(?:, [A-Z][a-z]+)*", text(page))))


def test_a_withdrawn_photo_is_not_asked_for_and_is_renewed_when_it_comes_back(
    client: Client, alice: Person, image: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = add(alice, image).photo
    actions.withdraw_photos(by=alice, photos=[photo])
    release(monkeypatch, VETO_2, VETO_1)
    assert listed(client) == ("", 0)
    assert add(alice, image, refuse=["train"]).photo == photo
    assert profiles_of(photo) == {"veto-1", "veto-2"}
    assert check_image(image)["result"] == "no_match"
    actions.revise_photos(by=alice, photos=[photo], refuse=["edit"])
    assert check_image(image)["result"] == "protected"


def test_pictures_of_too_little_detail_for_one_profile_are_not_taken_for_one_another(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(monkeypatch, VETO_2, VETO_1)
    nothing = Fingerprint("veto-2", (), 40)
    seen = [fingerprint_of(pictures(encoded(picture(uuid4().int % 2**60)))) for _ in range(2)]
    first, second = (actions.add_photo(by=alice, fingerprints=[nothing, each], refuse=["edit"]).photo for each in seen)
    assert first != second


def test_a_photo_must_have_been_hashed_under_every_profile_that_may_be_asked(
    image: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(monkeypatch, VETO_2, VETO_1)
    with pytest.raises(ValueError, match="not hashed under veto-1"):
        registry.protect([HERE.fingerprints(image)[0]], refuse=["edit"], assurance=0)


def test_the_notice_is_in_french_too(
    client: Client, alice: Person, image: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(alice, image)
    release(monkeypatch, VETO_2, VETO_1)
    said = text(client.get(reverse("photos"), headers={"Accept-Language": "fr"}))
    assert "1 photo à ajouter de nouveau" in said
    assert "elle reste protégée comme avant" in said


def test_a_browser_renews_a_photo_although_its_own_decoder_made_a_few_other_bits(
    client: Client, alice: Person, image: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = add(alice, image, refuse=["train"]).photo
    other = add(alice, encoded(picture(uuid4().int % 2**60))).photo
    release(monkeypatch, VETO_2, VETO_1)
    prints = [hashes_of(nearly(each)) for each in HERE.fingerprints(image)]
    [told] = send(client, sent_photo(fingerprints=prints))
    assert (told["title"], told["photo"]) == ("Renewed", str(photo.id))
    assert (profiles_of(photo), profiles_of(other)) == ({"veto-1", "veto-2"}, {"veto-1"})
    assert Photo.objects.of(alice).count() == 2
    only_newest = HERE.fingerprints(encoded(picture(uuid4().int % 2**60)))[:1]
    [told] = send(client, sent_photo(fingerprints=[hashes_of(each) for each in only_newest]))
    assert "not hashed under veto-1" in told["errors"][0]["detail"]


def nearly(fingerprint: Fingerprint) -> Fingerprint:
    """The same but for two bits of each PDQ hash, one that was set and one that was not."""

    def turned(item: Hash) -> Hash:
        bits = int.from_bytes(item.bits)
        return item._replace(bits=(bits ^ (bits & -bits) ^ (~bits & (bits + 1))).to_bytes(32))

    hashes = tuple(turned(item) if item.algorithm == "pdq" else item for item in fingerprint.hashes)
    return replace(fingerprint, hashes=hashes)
