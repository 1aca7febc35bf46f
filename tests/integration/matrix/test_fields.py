"""Fields that nobody may set: sent with every form and every body, and nothing of it comes to be."""

from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Model
from django.urls import reverse

from consent.models import Person, Photo
from matching.models import Protection
from tests.integration.matrix.document import PAGES
from tests.integration.matrix.people import People
from tests.integration.web import Web

FORBIDDEN = {
    "id": str(uuid4()), "pk": "1", "username": "operator", "is_active": "false", "is_staff": "true",
    "is_superuser": "true", "assurance": "3", "state": "active", "person": str(uuid4()), "person_id": str(uuid4()),
    "user": "1", "protection": str(uuid4()), "protection_id": str(uuid4()), "mark": "x", "pending_since": "",
    "created_at": "2020-01-01", "withdrawn_at": "2020-01-01", "decided_at": "2020-01-01", "verified": "true",
    "primary": "true", "last_login": "2020-01-01", "email_verified": "true", "details": "x", "sending": "x",
    "minimum_assurance": "0", "key_id": "x", "blob": "x",
}  # fmt: skip
FREE = {"label", "default_uses", "keep_details", "declaration"}  # what these very forms are for


def of(model: type[Model], **whose: Any) -> list[dict[str, Any]]:
    rows = model._default_manager.filter(**whose).order_by("pk").values()
    return [{name: value for name, value in row.items() if name not in FREE} for row in rows]


def test_no_page_sets_what_is_not_its_own(people: People) -> None:
    """Alice's own pages, each with her own photo and every name that a column has."""
    alice, photo = people.alice, people.photo

    def state() -> list[Any]:
        return [of(Person, id=alice.id), of(Photo, person=alice), of(Protection, id=photo.protection)]

    browser = people.browser("Alice")
    before = state()
    passed_over = {"photo-erase", "erase-account", "account_logout", "exit", "photos-withdraw", "photo-drop-details"}
    changes = passed_over | {"photos-drop-details", "photos-change", "photo-choose"}  # what is stored, as they should
    for row in PAGES:
        if row.name not in changes:
            browser.post(people.path(row.name), FORBIDDEN | {"photo": str(photo.id), "label": "mine", "name": "mine"})
            assert state() == before, row.name


def test_who_signs_up_is_nobody_special(people: People) -> None:
    address = f"{uuid4().hex}@example.org"
    browser = people.browser("a stranger")
    sent = FORBIDDEN | {"email": address, "password1": "seven quiet herons"}
    assert browser.post(reverse("account_signup"), sent)["Location"] == reverse("account_email_verification_sent")
    person = Person.objects.get(email=address)
    assert (person.username, person.is_active, person.last_login) == (None, True, None)
    assert str(person.id) != FORBIDDEN["id"]
    assert not person.emailaddress_set.get().verified  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("check", {"profile": "pdq", "hashes": [{"hash": "0f" * 32}]}),
        ("check/batch", {"items": [{"profile": "pdq", "hashes": [{"hash": "0f" * 32}]}]}),
        ("reports", {"check": "chk_" + "a" * 24, "outcome": "blocked"}),
        ("webhook-endpoints", {"url": "https://localhost:1/"}),
    ],
)
def test_the_api_refuses_a_field_that_is_not_of_the_request(
    web: Web, platforms: Any, path: str, body: dict[str, Any]
) -> None:
    key = platforms.keys["its own key"]
    assert web.ask("POST", f"/v1/{path}", body, key).status in {200, 201}
    for name in ("platform", "platform_id", "livemode", "id", "assurance", "minimum_assurance"):
        answer = web.ask("POST", f"/v1/{path}", body | {name: 1}, key)
        assert answer.status == 422, name
