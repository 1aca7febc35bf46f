"""Photos that come as hashes, from a browser: registered once, told plainly, and nothing more is sent than hashes."""

import base64
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from consent import actions
from consent.models import AuditEvent, OptOut, Person, Photo
from consent.received import MOST_PHOTOS
from matching import lookup, registry, sequence
from matching.follower import Follower
from matching.hashing.fingerprint import Fingerprint
from tests.browser.people import details, fingerprint

pytestmark = pytest.mark.usefixtures("committed")

CHOICE = {"whose": "mine", "preset": "no-ai-editing", "keep_details": True}


def hashes_of(print_: Fingerprint) -> dict[str, Any]:
    return {
        "profile": print_.profile,
        "hashes": [
            {"view": item.view, "algorithm": item.algorithm, "hash": item.bits.hex(), "quality": item.quality}
            for item in print_.hashes
        ],
    }


def sent_photo(print_: Fingerprint | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "fingerprints": [hashes_of(print_ or fingerprint())]} | fields


def post(client: Client, name: str, body: Any) -> HttpResponse:
    return client.post(reverse(name), body if isinstance(body, str) else json.dumps(body), "application/json")


def send(client: Client, *photos: dict[str, Any], **choice: Any) -> list[dict[str, Any]]:
    answer = post(client, "photos-send", {"choice": CHOICE | choice, "photos": photos})
    assert answer.status_code == 200, answer.content
    return list(json.loads(answer.content)["photos"])


def packed() -> str:
    return base64.b64encode(details()).decode()


def test_hashes_and_a_choice_register_a_photo(client: Client, alice: Person) -> None:
    [told] = send(client, sent_photo(label="Lake", details=packed()), whose="child", preset="own", uses=["train"])
    [photo] = Photo.objects.of(alice).described()
    assert told["href"] == reverse("photo", args=[photo.id])
    assert (told["state"], told["title"]) == ("in-force", "Protected")
    assert told["text"] == "Saved. Every check from now on takes it into account."
    assert (photo.label, photo.declaration, photo.details) == ("Lake", "child", "kept")
    assert set(photo.uses) == {"sexualise", "train"}  # type: ignore[attr-defined]
    assert registry.kept(photo.protection).details


def test_the_same_act_sent_again_changes_nothing_and_says_what_is_so(client: Client, alice: Person) -> None:
    photos = [sent_photo(), sent_photo()]
    first = send(client, *photos)
    assert send(client, *photos, preset="essential") == first
    assert Photo.objects.of(alice).count() == 2
    assert AuditEvent.objects.filter(by=alice.id).count() == 2
    [one, _] = Photo.objects.of(alice).order_by("created_at")
    actions.withdraw_photos(by=alice, photos=[one])  # in another tab, while the answer was lost
    assert send(client, photos[0])[0]["title"] == "Withdrawn"
    assert not OptOut.objects.filter(photo=one, withdrawn_at=None).exists()


def test_the_same_act_sent_at_once_registers_once(client: Client, alice: Person) -> None:
    photo = sent_photo()

    def once(_: int) -> str:
        try:
            return str(send(client, photo)[0]["title"])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(once, range(4))) == {"Protected"}
    assert Photo.objects.of(alice).count() == 1


def test_a_photo_chosen_again_is_known_and_a_withdrawn_one_is_put_back(client: Client, alice: Person) -> None:
    print_ = fingerprint()
    send(client, sent_photo(print_))
    assert send(client, sent_photo(print_))[0]["title"] == "Already protected"
    actions.withdraw_photos(by=alice, photos=Photo.objects.of(alice))
    back = sent_photo(print_)
    assert [send(client, back)[0]["title"] for _ in range(2)] == ["Protected"] * 2
    actions.withdraw_photos(by=alice, photos=Photo.objects.of(alice))
    assert send(client, back)[0]["title"] == "Withdrawn"
    assert Photo.objects.of(alice).count() == 1


def test_bob_registers_the_same_photo_and_alice_learns_nothing_of_it(client: Client, alice: Person) -> None:
    photo = sent_photo()
    send(client, photo)
    bob = Person.objects.create(username=uuid4().hex)
    his = Client()
    his.force_login(bob)
    [told] = send(his, photo)  # even under the same name
    assert told["title"] == "Protected"
    assert (Photo.objects.of(alice).count(), Photo.objects.of(bob).count()) == (1, 1)


def test_a_stranger_and_a_forged_form_are_turned_away(client: Client, alice: Person) -> None:
    for name in ("photos-send", "photos-send-details", "photos-find-ask"):
        answer = post(Client(), name, {"choice": CHOICE, "photos": [sent_photo()]})
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, reverse("account_login"))
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    for name in ("photos-send", "photos-send-details", "photos-find-ask", "check-ask"):
        assert post(strict, name, {"photos": [sent_photo()]}).status_code == 403
    assert not Photo.objects.of(alice).exists()


def with_hash(**fields: Any) -> dict[str, Any]:
    photo = sent_photo()
    photo["fingerprints"][0]["hashes"][0] |= fields
    return photo


@pytest.mark.parametrize(
    ("photo", "pointer", "said"),
    [
        (with_hash(hash="zz"), "/fingerprints/0/hashes/0", "a hash has 64 hexadecimal digits; this has 2 characters"),
        (with_hash(hash="f" * 64), "/fingerprints/0/hashes/0", "a PDQ hash has about 128 of its 256 bits set"),
        (with_hash(view="trim"), "/fingerprints/0", "trim is no view here; send full, center-90"),
        (with_hash(orientation="flipx"), "/fingerprints/0", "flipx is no orientation here; send original"),
        (with_hash(quality=101), "/fingerprints/0/hashes/0/quality", "less than or equal to 100"),
        (with_hash(name="beach.jpg"), "/fingerprints/0/hashes/0", "unknown field name; the fields are"),
        (sent_photo(name="beach.jpg"), "", "unknown field name; the fields are id, label"),
        (sent_photo(id="1"), "/id", "UUID"),
        (sent_photo(label="x" * 201), "/label", "at most 200"),
        (sent_photo(details="AAAA"), "/details", "details are base64 of packed details of veto-details-1"),
        (sent_photo(fingerprints=[{"profile": "veto-0", "hashes": []}]), "/fingerprints/0/profile", "send veto-1"),
        (sent_photo(fingerprints=[]), "/fingerprints", "at least 1 item"),
    ],
)
def test_what_is_wrong_is_named_and_loses_no_other_photo(
    client: Client, alice: Person, photo: dict[str, Any], pointer: str, said: str
) -> None:
    bad, good = send(client, photo, sent_photo())
    assert (bad["state"], bad["photo"], good["state"]) == ("refuse", None, "in-force")
    assert bad["errors"][0]["pointer"].startswith(pointer or "/")
    assert said in bad["errors"][0]["detail"]
    assert Photo.objects.of(alice).count() == 1


def test_hashes_of_one_view_twice_are_refused(client: Client, alice: Person) -> None:
    photo = sent_photo()
    photo["fingerprints"][0]["hashes"] *= 2
    assert "full is there twice" in send(client, photo)[0]["errors"][0]["detail"]


def test_a_photo_of_too_little_detail_is_refused_whatever_a_browser_thinks(client: Client, alice: Person) -> None:
    [told] = send(client, with_hash(quality=49))
    assert (told["state"], "too little" in told["text"], "errors" in told) == ("refuse", True, False)
    assert not Photo.objects.of(alice).exists()


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("{", 400, "not JSON"),
        ("[]", 422, "send an object with the fields choice, photos"),
        ({"choice": CHOICE, "photos": []}, 422, "at least 1"),
        ({"choice": CHOICE, "photos": [{}] * (MOST_PHOTOS + 1)}, 422, "at most 20"),
        ({"choice": CHOICE | {"preset": "none"}, "photos": [{}]}, 422, "Choose one of the answers"),
        ({"choice": CHOICE | {"names": []}, "photos": [{}]}, 422, "unknown choice names; the fields are whose"),
        ('{"choice": "' + "x" * 1_100_000 + '"}', 413, "at most 20 photos and 1 MB"),
    ],
)
def test_a_body_that_makes_no_sense_is_a_problem(client: Client, body: Any, status: int, said: str) -> None:
    answer = post(client, "photos-send", body)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert said in answer.content.decode()


def test_photos_over_the_limit_wait_and_are_counted_once(client: Client, alice: Person, settings: Any) -> None:
    settings.PHOTOS_PER_SESSION_PER_DAY = 2
    photos = [sent_photo(), sent_photo()]
    for _ in range(3):
        assert {told["title"] for told in send(client, *photos)} == {"Protected"}
    assert send(client, sent_photo())[0]["title"] == "Waiting"


def test_what_is_saved_but_not_yet_in_effect_is_told_as_such(
    client: Client, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(sequence, "settle", away)
    photo = sent_photo()
    assert {send(client, photo)[0]["title"] for _ in range(2)} == {"Taking effect"}


def test_details_follow_once_and_never_against_a_choice(client: Client, alice: Person) -> None:
    photos = {kind: sent_photo(details_follow=True) for kind in ("kept", "few", "dropped")}
    declined = sent_photo(details_follow=True)
    send(client, *photos.values())
    send(client, declined, keep_details=False)

    def state(photo: dict[str, Any]) -> str:
        return Photo.objects.get(person=alice, sending=photo["id"]).details

    assert [state(photo) for photo in (*photos.values(), declined)] == ["none"] * 3 + ["declined"]
    follow(client, photos["kept"], photos["dropped"], declined)
    follow(client, photos["few"], details=None)
    actions.drop_details(by=alice, photos=[Photo.objects.get(person=alice, sending=photos["dropped"]["id"])])
    follow(client, *photos.values(), declined)
    assert [state(photo) for photo in (*photos.values(), declined)] == ["kept", "too-few", "declined", "declined"]
    kept = Photo.objects.get(person=alice, sending=photos["kept"]["id"])
    assert len(registry.kept(kept.protection).details or ()) == 50
    bob = Client()
    bob.force_login(Person.objects.create(username=uuid4().hex))
    assert json.loads(follow(bob, photos["kept"]).content) == {"kept": []}


def follow(client: Client, *photos: dict[str, Any], details: str | None = "") -> HttpResponse:
    body = {"photos": [{"id": photo["id"], "details": packed() if details == "" else details} for photo in photos]}
    answer = post(client, "photos-send-details", body)
    assert answer.status_code == 200, answer.content
    return answer


def turned(print_: Fingerprint, bits: int) -> Fingerprint:
    """The same as another decoder may make it: so many bits of it differ, as many set as cleared."""
    [item] = print_.hashes
    low = int.from_bytes(item.bits)
    ones = [place for place in range(256) if low >> place & 1][: bits // 2]
    zeros = [place for place in range(256) if not low >> place & 1][: bits // 2]
    flipped = low ^ sum(1 << place for place in (*ones, *zeros))
    return Fingerprint(print_.profile, (item._replace(bits=flipped.to_bytes(32)),), print_.quality)


def test_one_of_mine_is_found_again_and_nobody_elses(client: Client, alice: Person) -> None:
    mine, other = fingerprint(), fingerprint()
    send(client, sent_photo(mine, label="Lake"), sent_photo(label="Forest"))
    bob = Client()
    bob.force_login(Person.objects.create(username=uuid4().hex))
    send(bob, sent_photo(other, label="Bob's"))

    def found(print_: Fingerprint) -> list[str]:
        answer = post(client, "photos-find-ask", {"fingerprints": [hashes_of(print_)]})
        assert answer.status_code == 200, answer.content
        return [card["label"] for card in json.loads(answer.content)["photos"]]

    assert (found(turned(mine, 10)), found(other), found(fingerprint())) == (["Lake"], [], [])
    actions.withdraw_photos(by=alice, photos=Photo.objects.of(alice))
    assert found(mine) == ["Lake"]


Ask = Callable[[Fingerprint], HttpResponse]


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Follower:
    """The index of this process, without the thread that would outlive the test."""
    follower = Follower()
    follower.load()
    monkeypatch.setattr(lookup, "shared", lambda: follower)
    return follower


@pytest.fixture
def ask(client: Client, reader: Follower, settings: Any) -> Ask:
    """As a stranger, from a network of their own."""
    settings.LOOKUPS_PER_NETWORK_PER_DAY = 4
    stranger = Client(REMOTE_ADDR=f"fd00:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1")
    return lambda print_: post(stranger, "check-ask", {"fingerprints": [hashes_of(print_)]})


def test_anyone_may_ask_whether_a_photo_is_registered_and_learns_nothing_more(
    client: Client, alice: Person, ask: Ask, settings: Any
) -> None:
    print_ = fingerprint()
    assert json.loads(ask(print_).content) == {"registered": False}
    send(client, sent_photo(print_, label="Lake"))
    said = [json.loads(ask(each).content) for each in (print_, turned(print_, 20), turned(print_, 60))]
    assert said == [{"registered": True}, {"registered": True}, {"registered": False}]
    over = ask(print_)
    assert (over.status_code, json.loads(over.content)["code"]) == (429, "quota-exceeded")


def test_a_part_of_a_registered_photo_is_not_called_registered(client: Client, alice: Person, ask: Ask) -> None:
    part = fingerprint()
    [whole] = fingerprint().hashes
    both = Fingerprint("veto-1", (whole, part.hashes[0]._replace(view="center-50")), 100)
    send(client, sent_photo(both))
    assert json.loads(ask(part).content) == {"registered": False}
    assert json.loads(ask(Fingerprint("veto-1", (whole,), 100)).content) == {"registered": True}


def test_an_index_that_is_not_current_says_503_and_never_no(
    client: Client, alice: Person, ask: Ask, reader: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    print_ = fingerprint()
    send(client, sent_photo(print_))
    assert json.loads(ask(print_).content) == {"registered": True}
    monkeypatch.setattr(reader, "current", lambda: False)
    assert (ask(fingerprint()).status_code, json.loads(ask(print_).content)) == (503, {"registered": True})
    monkeypatch.setattr(reader, "position", None)
    assert json.loads(ask(print_).content)["code"] == "index-loading"


def test_no_hash_stands_in_an_address_or_in_a_log(
    client: Client, alice: Person, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    print_ = fingerprint()
    photo = sent_photo(print_, label="Ana’s lake", details=packed())
    wrong = with_hash(hash=print_.hashes[0].bits.hex()[:-1] + "x")
    with caplog.at_level(logging.DEBUG):
        answers = [
            post(client, "photos-send", {"choice": CHOICE, "photos": [photo, wrong]}),
            post(client, "photos-find-ask", {"fingerprints": [hashes_of(print_)]}),
            ask(print_),
        ]
    secret = print_.hashes[0].bits.hex()[:40]
    said = caplog.text + "".join(str(answer.headers) + answer.content.decode() for answer in answers)
    assert secret not in said
    assert "Ana" not in caplog.text
