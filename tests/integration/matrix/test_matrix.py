"""Every address tried by everyone: a stranger, Alice whose it is, Bob who has the same photo, Charlie who has nothing.

Charlie has logged in, and proven just now who he is, so that nothing but the photo's owner stands between him and it.
"""

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from allauth.account.internal.flows.login import _AUTHENTICATION_METHODS_USER_SESSION_KEY as METHODS_OF
from allauth.account.internal.userkit import user_id_to_str
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from consent import actions
from consent.accounts import codes
from consent.models import AuditEvent, OptOut, Person, Photo
from tests.addresses import addresses
from tests.browser.people import details, fingerprint

pytestmark = pytest.mark.usefixtures("committed")

OPEN = {  # by anyone; nothing of a person is on them
    "home", "how-it-works", "found", "help", "privacy", "legal", "accessibility", "styleguide", "language", "exit",
    "hashing-definitions",
    "account_start", "account_case", "account_case_open", "account_login", "mfa_authenticate", "mfa_login_webauthn",
    "account_signup", "account_email_verification_sent", "account_confirm_email", "account_reset_password",
    "account_reset_password_done", "account_reset_password_from_key", "account_reset_password_from_key_done",
    "account_logout", "healthz", "problem", "developers-begin", "developers-reference", "developers-errors",
    "developers-changes", "static/<str:release>/<path:name>",
    ".well-known/jwks.json", "api:vocabulary", "api:algorithms", "api:api-root",
}  # fmt: skip
INDEX = {"readyz", "api:status"}  # what the index stands at; not asked here, where a follower would outlive the test
KEY = {  # by platforms, with a key
    "api:check", "api:check_batch", "api:check_image", "api:me", "api:report", "api:create_endpoint",
    "api:list_endpoints", "api:delete_endpoint", "api:list_events",
}  # fmt: skip
OWN = {  # by whoever is logged in, with their own photos and their own account
    "account", "account_secret", "account_secret_change", "account_reauthenticate", "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn", "account_email", "account_change_password", "mfa_index", "mfa_activate_totp",
    "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_list_webauthn",
    "mfa_add_webauthn", "mfa_remove_webauthn", "mfa_edit_webauthn", "usersessions_list", "photos", "photos-change",
    "photos-withdraw", "photos-restore", "photos-add", "photos-upload", "photos-default", "export", "export-json",
    "export-csv", "photo", "photo-choose", "photo-rename", "photo-drop-details", "photo-erase", "photos-drop-details",
    "erase-account", "activity",
    "activity-json", "activity-csv",
}  # fmt: skip
OF_A_PHOTO = {"photo", "photo-choose", "photo-rename", "photo-drop-details", "photo-erase"}
OF_A_PASSKEY = {"mfa_remove_webauthn", "mfa_edit_webauthn"}
LABEL = "Lake with Ana"


@dataclass(frozen=True)
class People:
    alice: Person
    photo: Photo
    passkey: Authenticator
    browsers: dict[str, Client]

    def path(self, name: str) -> str:
        others: dict[str, Any] = {
            "account_confirm_email": ["x"],
            "account_reset_password_from_key": ["1", "x"],
            "problem": ["too-large"],
            "static/<str:release>/<path:name>": "/static/old/css/veto.css",
            "healthz": "/healthz",
            "api:delete_endpoint": "/v1/webhook-endpoints/whe_1",
            ".well-known/jwks.json": "/.well-known/jwks.json",
        }
        arguments = [self.photo.id] if name in OF_A_PHOTO else [self.passkey.pk] if name in OF_A_PASSKEY else []
        found = others.get(name, arguments)
        return found if isinstance(found, str) else reverse(name, args=found)

    def told(self, answer: HttpResponse, name: str) -> set[str]:
        """What an answer tells of Alice. A page may lead back to the address that was asked for, with what is in it."""
        said = answer.content.decode(errors="replace") + str(answer.headers)
        if name in OF_A_PHOTO:
            said = said.replace(str(self.photo.id), "")
        hers = {LABEL, self.photo.id.hex, str(self.photo.id), str(self.alice.username), "Alice's phone"}
        return {secret for secret in hers if secret in said}

    def hers(self) -> list[Any]:
        """All that is Alice's, to see that nobody changes it."""
        return [
            list(model.objects.filter(**whose).order_by("pk").values())
            for model, whose in (
                (Person, {"id": self.alice.id}),
                (Photo, {"person": self.alice}),
                (OptOut, {"photo__person": self.alice}),
                (Authenticator, {"user": self.alice}),
                (AuditEvent, {"by": self.alice.id}),
            )
        ]


def someone() -> Person:
    person = Person(username=codes.new_case_number())
    person.set_password(codes.new_secret())
    person.save()
    return person


def logged_in(person: Person) -> Client:
    browser = Client(REMOTE_ADDR=f"fd00::{uuid4().hex[:4]}:1")
    browser.force_login(person)
    session = browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session[METHODS_OF] = user_id_to_str(person)
    session["photos_whose"] = "mine"
    session.save()
    return browser


@pytest.fixture
def people(settings: Any) -> People:
    settings.PASSWORD_HASHERS = ["tests.integration.accounts.quick.QuickArgon2"]
    cache.clear()
    alice, bob, charlie = someone(), someone(), someone()
    theirs = fingerprint()
    photo = actions.add_photo(by=alice, fingerprints=[theirs], refuse=["edit"], label=LABEL, details=details()).photo
    actions.add_photo(by=bob, fingerprints=[theirs], refuse=["train"], label="The same lake")
    rk = {"clientExtensionResults": {"credProps": {"rk": True}}}
    passkey = Authenticator.objects.create(
        user=alice, type=Authenticator.Type.WEBAUTHN, data={"name": "Alice's phone", "credential": rk}
    )
    browsers = {"stranger": Client(), "alice": logged_in(alice), "bob": logged_in(bob), "charlie": logged_in(charlie)}
    return People(alice, photo, passkey, browsers)


def fields(photo: UUID) -> dict[str, Any]:
    """A form that names Alice's photo wherever a form can name one."""
    return {"photo": [str(photo)], "id": str(photo), "preset": "essential", "label": "mine now", "name": "mine now"}


def asked(people: People, who: str, method: str, name: str) -> HttpResponse:
    browser, path = people.browsers[who], people.path(name)
    return browser.get(path) if method == "get" else browser.post(path, fields(people.photo.id))


def test_every_address_is_in_the_matrix_once() -> None:
    assert set(addresses()) == OPEN | INDEX | KEY | OWN
    assert sum(map(len, (OPEN, INDEX, KEY, OWN))) == len(OPEN | INDEX | KEY | OWN)


@pytest.mark.parametrize("name", sorted(OWN))
def test_a_stranger_is_sent_to_log_in(people: People, name: str) -> None:
    before = people.hers()
    for method in ("get", "post"):
        answer = asked(people, "stranger", method, name)
        assert (answer.status_code, answer.headers.get("Location", "").split("?")[0]) == (
            302,
            reverse("account_login"),
        ), method
        assert people.told(answer, name) == set()
    assert people.hers() == before


@pytest.mark.parametrize("who", ["stranger", "bob", "charlie"])
@pytest.mark.parametrize("name", sorted(OPEN))
def test_what_is_open_tells_nothing_of_anyone(people: People, name: str, who: str) -> None:
    before = people.hers()
    for method in ("get", "post"):
        answer = asked(people, who, method, name)
        assert answer.status_code < 500
        assert people.told(answer, name) == set(), method
    assert people.hers() == before


@pytest.mark.parametrize("who", ["stranger", "alice", "bob", "charlie"])
@pytest.mark.parametrize("name", sorted(KEY))
def test_a_person_is_no_platform(people: People, name: str, who: str) -> None:
    for method in ("get", "post"):
        answer = asked(people, who, method, name)
        assert answer.status_code in {401, 405}


@pytest.mark.parametrize("who", ["bob", "charlie"])
@pytest.mark.parametrize("name", sorted(OWN))
def test_nobody_sees_or_changes_what_is_alices(people: People, name: str, who: str) -> None:
    before = people.hers()
    browser, path = people.browsers[who], people.path(name)
    shown = browser.get(path)
    assert people.told(shown, name) == set()
    if name in OF_A_PHOTO | OF_A_PASSKEY:
        assert browser.get(path, follow=True).status_code == 404
    sent = browser.post(path, fields(people.photo.id))
    if name in OF_A_PHOTO | OF_A_PASSKEY:
        assert sent.status_code == (405 if name == "photo" else 404)
    assert people.told(sent, name) == set()
    assert people.hers() == before


# What needs a second step that is on, or a passkey that a browser made: tests/browser/pages.py has them.
SECOND_STEP = {
    "mfa_add_webauthn", "mfa_reauthenticate_webauthn", "mfa_deactivate_totp", "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes", "mfa_reauthenticate",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(OWN - SECOND_STEP))
def test_alice_gets_to_what_is_hers(people: People, name: str) -> None:
    answer = people.browsers["alice"].get(people.path(name))
    assert answer.status_code in {200, 302, 405}
    assert not answer.headers.get("Location", "").startswith(reverse("account_login"))
    if name in {"photos", "photo", "photo-erase", "export-json", "export-csv"}:
        assert LABEL in answer.content.decode()
