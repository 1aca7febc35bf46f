"""The pages of photos, as a browser without JavaScript uses them."""

import json
import re
from typing import Any
from uuid import uuid4

import pytest
import redis
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from consent import actions
from consent.accounts.sessions import NO_ADDRESS
from consent.models import Person, Photo
from consent.views.photos.listing import PER_PAGE
from matching import registry, sequence
from tests.browser.people import fingerprint
from tests.pictures import encoded, picture

pytestmark = pytest.mark.usefixtures("committed")


def file(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "image/jpeg")


def some_photo(name: str = "a.jpg") -> SimpleUploadedFile:
    return file(name, encoded(picture(uuid4().int % 2**60)))


def answer_before(client: Client, whose: str = "mine", sensitive: str = "no") -> HttpResponse:
    return client.post(reverse("photos-add"), {"whose": whose, "sensitive": sensitive})


def upload(client: Client, *files: SimpleUploadedFile, **fields: Any) -> HttpResponse:
    answer_before(client)
    return client.post(reverse("photos-upload"), {"photos": list(files), "preset": "no-ai-editing"} | fields)


def text(answer: HttpResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_each_of_several_files_has_a_result_of_its_own(client: Client, alice: Person) -> None:
    good, again = some_photo("good.jpg"), None
    data = good.read()
    good.seek(0)
    again = file("again.jpg", data)
    answer = upload(
        client,
        good,
        again,
        file("note.jpg", b"no photo"),
        file("cut.jpg", data[:2000]),
        file("blank.jpg", encoded(picture(1).point(lambda _: 255))),
        file("large.jpg", b"\xff\xd8\xff" + bytes(21 * 1024 * 1024)),
        label="Lake",
    )
    said = text(answer)
    for name, result in [
        ("good.jpg", "Protected"),
        ("again.jpg", "Already protected"),
        ("note.jpg", "This is not a photo that we can read"),
        ("cut.jpg", "cut short or damaged"),
        ("blank.jpg", "too little"),
        ("large.jpg", "more than 20 MB"),
    ]:
        assert result in said[said.index(name) :][:150], name
    [photo] = Photo.objects.of(alice)
    assert (photo.label, photo.declaration) == ("Lake (1)", "mine")
    assert "Lake" in text(client.get(reverse("photos")))


def test_a_photo_is_never_a_file_of_ours(client: Client, alice: Person, settings: Any) -> None:
    """Nor could it be: there is no folder for it."""
    settings.FILE_UPLOAD_TEMP_DIR = "/nowhere"
    large = encoded(picture(7, (1600, 1200))) + bytes(3 * 1024 * 1024)  # more than Django keeps in memory by itself
    assert "Protected" in text(upload(client, file("large.jpg", large)))
    assert Photo.objects.of(alice).count() == 1


@pytest.mark.parametrize(("whose", "sensitive"), [("child", "no"), ("mine", "yes"), ("represented", "yes")])
def test_photos_that_must_not_be_sent_lead_to_help_and_not_to_a_form(
    client: Client, alice: Person, whose: str, sensitive: str
) -> None:
    said = answer_before(client, whose, sensitive)
    assert "Take It Down" in text(said)
    assert b'type="file"' not in said.content
    sent = client.post(reverse("photos-upload"), {"photos": [some_photo()], "preset": "essential"})
    assert sent["Location"] == reverse("photos-add")
    assert not Photo.objects.of(alice).exists()


def test_a_form_with_a_fault_keeps_what_was_chosen(client: Client, alice: Person) -> None:
    answer_before(client)
    sent = {"preset": "own", "uses": ["train", "identify"], "label": "🐈" * 10_000}
    answer = client.post(reverse("photos-upload"), sent)
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "🐈" * 10_000 in shown
    assert re.search(r'value="train"[^>]*checked', shown)
    assert "Choose at least one photo" in shown
    assert not Photo.objects.of(alice).exists()


def test_more_photos_than_a_form_may_hold_are_a_clear_error(client: Client) -> None:
    tiny = encoded(picture(3, (64, 64)))
    answer = upload(client, *(file(f"{number}.jpg", tiny) for number in range(21)))
    assert (answer.status_code, "at most 20 photos" in text(answer)) == (422, True)


def test_photos_over_the_limit_wait(client: Client, alice: Person, settings: Any) -> None:
    settings.PHOTOS_PER_SESSION_PER_DAY = 1
    said = text(upload(client, some_photo("one.jpg"), some_photo("two.jpg")))
    assert "Protected" in said[said.index("one.jpg") :][:60]
    assert "takes effect within a day" in said[said.index("two.jpg") :][:150]
    assert sorted(bool(photo.pending_since) for photo in Photo.objects.of(alice)) == [False, True]


def test_a_photo_that_waits_is_never_said_to_be_in_force(client: Client, alice: Person, settings: Any) -> None:
    settings.PHOTOS_PER_SESSION_PER_DAY = 0
    data = some_photo().read()
    upload(client, file("one.jpg", data))
    said = text(upload(client, file("one.jpg", data)))
    assert "Already protected" not in said
    assert "You registered this photo before. It is kept, and takes effect within a day." in said
    [photo] = Photo.objects.of(alice)
    chosen = {"photo": [str(photo.id)]}
    changed = client.post(reverse("photo-choose", args=[photo.id]), {"preset": "essential"}, follow=True)
    changed_in_list = client.post(reverse("photos-change"), chosen | {"preset": "essential"}, follow=True)
    client.post(reverse("photos-withdraw"), chosen, follow=True)
    put_back = client.post(reverse("photos-restore"), chosen, follow=True)
    for answer in (changed, changed_in_list, put_back):
        assert "Saved. Photos that are waiting take effect within a day." in text(answer)
        assert "Every check" not in text(answer)


def test_what_is_saved_but_not_yet_in_effect_is_told_as_such(
    client: Client, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(sequence, "settle", away)
    data = some_photo().read()
    answers = [upload(client, file("one.jpg", data)), upload(client, file("one.jpg", data))]
    assert all("Taking effect" in text(answer) for answer in answers)
    [photo] = Photo.objects.of(alice)
    chosen = {"photo": [str(photo.id)]}
    for name, fields in [
        ("photos-change", {"preset": "essential"}),
        ("photos-withdraw", {}),
        ("photos-restore", {}),
    ]:
        answers.append(client.post(reverse(name), chosen | fields, follow=True))
        assert "Saved. It is taking effect; come back in a minute." in text(answers[-1])
    assert all((answer.status_code, "Every check" in text(answer)) == (200, False) for answer in answers)


def test_what_was_withdrawn_meanwhile_is_not_said_to_be_changed(client: Client, alice: Person) -> None:
    upload(client, some_photo())
    [photo] = Photo.objects.of(alice)
    actions.withdraw_photos(by=alice, photos=[photo])  # in another tab
    for name, arguments in (("photo-choose", [photo.id]), ("photos-change", [])):
        sent = {"photo": [str(photo.id)], "preset": "refuse-everything"}
        said = text(client.post(reverse(name, args=arguments), sent, follow=True))
        assert "Nothing was changed" in said
        assert "Every check" not in said
    for _ in range(2):  # a second click says what the first did
        said = text(client.post(reverse("photos-restore"), {"photo": [str(photo.id)]}, follow=True))
        assert "1 photo was put back. Saved." in said


def test_a_change_of_several_starts_from_all_that_any_of_them_refuses(client: Client, alice: Person) -> None:
    one, two = (
        actions.add_photo(by=alice, fingerprints=[fingerprint()], refuse=refuse).photo
        for refuse in (["edit", "train", "identify"], ["likeness"])
    )
    for chosen, preset in (([two], "own"), ([one, two], "refuse-everything")):
        shown = client.post(reverse("photos-change"), {"photo": [str(photo.id) for photo in chosen]}).content.decode()
        assert re.search(rf'value="{preset}"[^>]*checked', shown)


def test_photos_are_put_back_where_some_are_withdrawn(client: Client, alice: Person) -> None:
    upload(client, some_photo())
    assert "Put back" not in text(client.get(reverse("photos")))
    actions.withdraw_photos(by=alice, photos=Photo.objects.of(alice))
    assert "Put back" in text(client.get(reverse("photos")))


def test_a_choice_is_changed_withdrawn_and_put_back_for_several_at_once(client: Client, alice: Person) -> None:
    upload(client, some_photo("one.jpg"), some_photo("two.jpg"))
    ids = [str(photo.id) for photo in Photo.objects.of(alice)]
    page = client.post(reverse("photos-change"), {"photo": ids})
    assert "For these 2 photos" in text(page)
    client.post(reverse("photos-change"), {"photo": ids, "preset": "own", "uses": ["train"]})
    assert text(client.get(reverse("photos"))).count("Refused: Sexualise, Train") == 2
    client.post(reverse("photos-withdraw"), {"photo": ids})
    listed = text(client.get(reverse("photos"), {"state": "withdrawn"}))
    assert listed.count("You can put it back until") == 2
    client.post(reverse("photos-restore"), {"photo": ids})
    assert text(client.get(reverse("photos"), {"state": "protected"})).count("Protected since") == 2


def test_the_list_is_filtered_and_paged(client: Client, alice: Person) -> None:
    upload(client, some_photo(), label="Lake 1")
    upload(client, some_photo(), label="Forest")
    assert "Forest" not in text(client.get(reverse("photos"), {"name": "lake"}))
    assert "No photo fits" in text(client.get(reverse("photos"), {"whose": "represented"}))
    assert client.get(reverse("photos"), {"page": "x", "state": "nonsense"}).status_code == 200
    for number in range(PER_PAGE):
        actions.add_photo(by=alice, fingerprints=[fingerprint()], refuse=["edit"], label=f"Sea {number}")
    first, second = (text(client.get(reverse("photos"), {"page": page})) for page in (1, 2))
    assert ("Sea 0" in first, "Lake 1" in first, "Page 1 of 2" in first) == (True, False, True)
    assert ("Lake 1" in second, "Forest" in second, "Sea 0" in second) == (True, True, False)
    link = '?name=sea&amp;page=2"'
    assert link not in client.get(reverse("photos"), {"name": "sea"}).content.decode()
    actions.add_photo(by=alice, fingerprints=[fingerprint()], refuse=["edit"], label="Sea, last")
    assert link in client.get(reverse("photos"), {"name": "sea"}).content.decode()


def test_all_of_a_list_are_changed_and_withdrawn_on_all_its_pages_and_put_back_by_one_button(
    client: Client, alice: Person
) -> None:
    for number in range(PER_PAGE + 2):
        actions.add_photo(by=alice, fingerprints=[fingerprint()], refuse=["edit"], label=f"Sea {number}")
    forest = actions.add_photo(by=alice, fingerprints=[fingerprint()], refuse=["edit"], label="Forest").photo
    shown = client.get(reverse("photos"), {"name": "sea"}).content.decode()
    assert ("All 32 photos of this list" in shown, '<input type="hidden" name="name" value="sea">' in shown) == (
        True,
        True,
    )
    every = {"every": "1", "name": "sea"}
    page = client.post(reverse("photos-change"), every)
    assert "For these 32 photos" in text(page)
    assert '<input type="hidden" name="every" value="1">' in page.content.decode()
    client.post(reverse("photos-change"), every | {"preset": "essential"})
    assert text(client.get(reverse("photos"))).count("Choice: Essential") == PER_PAGE - 1  # and one is the forest
    withdrawn = Photo.objects.in_state(Photo.State.WITHDRAWN).filter(person=alice)
    earlier = Photo.objects.of(alice).get(label="Sea 0")
    actions.withdraw_photos(by=alice, photos=[earlier])
    answer = client.post(reverse("photos-withdraw"), every, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("photos-undo")
    assert "Put all 31 back" in text(answer)
    assert (withdrawn.count(), withdrawn.filter(id=forest.id).exists()) == (32, False)
    for _ in range(2):
        answer = client.post(reverse("photos-undo"), follow=True)
        assert [photo.id for photo in withdrawn] == [earlier.id]
    assert client.get(reverse("photos-undo"))["Location"] == reverse("photos")


def test_nothing_ticked_changes_nothing(client: Client) -> None:
    for name in ("photos-change", "photos-withdraw", "photos-restore"):
        answer = client.post(reverse(name), {"photo": ["x", str(uuid4())]}, follow=True)
        assert "No photo was ticked" in text(answer)


def test_the_choice_for_the_next_photos_is_kept(client: Client, alice: Person) -> None:
    client.post(reverse("photos-default"), {"preset": "refuse-everything"})
    answer_before(client)
    shown = client.get(reverse("photos-upload")).content.decode()
    assert re.search(r'value="refuse-everything"[^>]*checked', shown)
    assert re.findall(r'<a href="([^"]*)" aria-current="page"', shown) == [reverse("photos-here")]


def test_a_photo_is_renamed_and_its_history_told(client: Client, alice: Person) -> None:
    upload(client, some_photo())
    [photo] = Photo.objects.of(alice)
    client.post(reverse("photo-rename", args=[photo.id]), {"label": "<b>Été</b>"})
    client.post(reverse("photo-choose", args=[photo.id]), {"preset": "essential"})
    page = client.get(reverse("photo", args=[photo.id]))
    assert "&lt;b&gt;Été&lt;/b&gt;" in page.content.decode()
    said = text(page)
    history = said[said.index("What was decided") :]
    assert history.index("Choice: Essential") < history.index("Choice: No AI editing")
    assert "Withdrawn" not in history
    actions.withdraw_photos(by=alice, photos=[photo])
    actions.restore_photos(by=alice, photos=[photo])
    again = text(client.get(reverse("photo", args=[photo.id])))
    assert re.search(r"Put back – Choice: Essential \d+ \S+ \d{4} Withdrawn", again[again.index("What was decided") :])
    too_long = client.post(reverse("photo-rename", args=[photo.id]), {"label": "é" * 201})
    assert (too_long.status_code, "é" * 201 in too_long.content.decode()) == (422, True)


def test_the_export_holds_everything_and_its_table_no_formula(client: Client, alice: Person, settings: Any) -> None:
    settings.PHOTOS_PER_SESSION_PER_DAY = 0
    upload(client, some_photo(), label="=HYPERLINK(1)")
    [photo] = Photo.objects.of(alice)
    actions.release_photos(by=Person.objects.operator(), photos=[photo])
    actions.choose_default(by=alice, refuse=["train"])
    passkey = Authenticator.objects.create(user=alice, type="webauthn", data={"name": "Phone"}).created_at
    UserSession.objects.create(
        user=alice, session_key=client.session.session_key, ip=NO_ADDRESS, user_agent="Firefox · Android"
    )
    data = json.loads(client.get(reverse("export-json")).content)
    [exported] = data["photos"]
    [fingerprint] = registry.kept(photo.protection).frames
    hashes = {item.bits.hex() for item in fingerprint.hashes}
    assert {item["hash"] for item in exported["hashes"]} == hashes
    assert [act["what"] for act in data["acts"]] == ["photo.pending", "photo.released", "person.default_chosen"]
    assert data["person"]["refused_by_default"] == ["sexualise", "train"]
    assert [session["device"] for session in data["person"]["sessions"]] == ["Firefox · Android"]
    assert data["person"]["second_steps"] == [{"kind": "webauthn", "name": "Phone", "added": passkey.isoformat()}]
    table = client.get(reverse("export-csv"))
    assert "'=HYPERLINK(1)" in table.content.decode()
    assert table["Cache-Control"]
    assert "veto" not in table["Content-Disposition"]


def test_nobody_sees_or_touches_anothers_photos(client: Client, alice: Person) -> None:
    upload(client, some_photo(), label="Alice's lake")
    [photo] = Photo.objects.of(alice)
    charlie = Client()
    charlie.force_login(Person.objects.create(username=uuid4().hex))
    for name in ("photo", "photo-choose", "photo-rename"):
        address = reverse(name, args=[photo.id])
        answer = charlie.get(address) if name == "photo" else charlie.post(address, {"label": "x", "preset": "own"})
        assert answer.status_code == 404
    for name in ("photos-change", "photos-withdraw", "photos-restore"):
        charlie.post(reverse(name), {"photo": [str(photo.id)], "preset": "essential"})
    for name in ("photos", "export-json", "export-csv"):
        assert "lake" not in charlie.get(reverse(name)).content.decode()
    photo.refresh_from_db()
    assert Photo.objects.in_state(Photo.State.PROTECTED).filter(id=photo.id, label="Alice's lake").exists()


def test_a_stranger_is_asked_to_log_in_everywhere(client: Client, alice: Person) -> None:
    upload(client, some_photo())
    [photo] = Photo.objects.of(alice)
    from consent.views.photos.urls import urlpatterns

    for pattern in urlpatterns:
        address = reverse(str(pattern.name), args=[photo.id] if "<uuid" in str(pattern.pattern) else [])
        for ask in (Client().get, Client().post):
            answer = ask(address)
            assert (answer.status_code, answer["Location"].startswith(reverse("account_login"))) == (302, True), address


def test_erasing_asks_who_one_is_first(client: Client, alice: Person) -> None:
    upload(client, some_photo())
    [photo] = Photo.objects.of(alice)
    for address in (reverse("photo-erase", args=[photo.id]), reverse("erase-account")):
        for ask in (client.get, client.post):
            answer = ask(address)
            assert answer.status_code == 302
            assert answer["Location"].startswith(reverse("account_reauthenticate"))
    assert Photo.objects.of(alice).count() == 1


def test_erasing_a_person_leaves_nothing_but_the_audit(alice: Person) -> None:
    photo = actions.add_photo(by=alice, fingerprints=some_fingerprints(), refuse=["edit"]).photo
    assert actions.erase_person(by=alice)
    assert not Photo.objects.filter(id=photo.id).exists()
    assert not Person.objects.filter(username=alice.username).exists()


def some_fingerprints() -> Any:
    from matching.hashing.decoder import shared_decoder

    return shared_decoder().fingerprints(some_photo().read())
