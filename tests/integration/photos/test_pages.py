"""The pages of photos, as a browser without JavaScript uses them."""

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from consent import actions
from consent.models import Person, Photo
from matching import registry
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


def test_a_choice_is_changed_withdrawn_and_put_back_for_several_at_once(client: Client, alice: Person) -> None:
    upload(client, some_photo("one.jpg"), some_photo("two.jpg"))
    ids = [str(photo.id) for photo in Photo.objects.of(alice)]
    page = client.post(reverse("photos-change"), {"photo": ids})
    assert text(page).count("Choice: No AI editing") == 2
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


def test_nothing_ticked_changes_nothing(client: Client) -> None:
    for name in ("photos-change", "photos-withdraw", "photos-restore"):
        answer = client.post(reverse(name), {"photo": ["x", str(uuid4())]}, follow=True)
        assert "No photo was ticked" in text(answer)


def test_the_choice_for_the_next_photos_is_kept(client: Client, alice: Person) -> None:
    client.post(reverse("photos-default"), {"preset": "refuse-everything"})
    answer_before(client)
    shown = client.get(reverse("photos-upload")).content.decode()
    assert re.search(r'value="refuse-everything"[^>]*checked', shown)


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
    too_long = client.post(reverse("photo-rename", args=[photo.id]), {"label": "é" * 201})
    assert (too_long.status_code, "é" * 201 in too_long.content.decode()) == (422, True)


def test_the_export_holds_everything_and_its_table_no_formula(client: Client, alice: Person) -> None:
    upload(client, some_photo(), label="=HYPERLINK(1)")
    [photo] = Photo.objects.of(alice)
    data = json.loads(client.get(reverse("export-json")).content)
    [exported] = data["photos"]
    [fingerprint] = registry.hashes(photo.protection)
    hashes = {item.bits.hex() for item in fingerprint.hashes}
    assert {item["hash"] for item in exported["hashes"]} == hashes
    assert [act["what"] for act in data["acts"]] == ["photo.protected"]
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
