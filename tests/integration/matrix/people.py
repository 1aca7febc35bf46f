"""Who tries every address: Alice whose it is, Bob who has the same photo, Charlie and a case number who have nothing.

All have logged in, and proven just now who they are, so that nothing but the photo's owner stands between them and it.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from allauth.account.internal.flows.login import _AUTHENTICATION_METHODS_USER_SESSION_KEY as METHODS_OF
from allauth.account.internal.userkit import user_id_to_str
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from django.urls import reverse
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from consent import actions
from consent.accounts import codes
from consent.models import AuditEvent, OptOut, Person, Photo
from matching import keys
from tests.browser.people import details, fingerprint
from tests.integration.web import Web, command, new_key

LABEL = "Lake with Ana"
ENDPOINT_URL = "https://localhost:1/only-mine"
EVERYTHING = "check,feed:filter,feed:hashes,report,webhooks,keys"
OF_A_PHOTO = {"photo", "photo-choose", "photo-rename", "photo-drop-details", "photo-erase"}
OF_A_PASSKEY = {"mfa_remove_webauthn", "mfa_edit_webauthn"}
ARGUMENTS = {
    "account_confirm_email": ["x"],
    "account_reset_password_from_key": ["1", "x"],
    "problem": ["too-large"],
}
WITHOUT_A_NAME = {
    "static/<str:release>/<path:name>": "/static/old/css/veto.css",
    "healthz": "/healthz",
    "readyz": "/readyz",
    ".well-known/jwks.json": "/.well-known/jwks.json",
}


@dataclass(frozen=True)
class People:
    alice: Person
    photo: Photo
    passkey: Authenticator
    people: dict[str, Person]

    def path(self, name: str) -> str:
        mine = [self.photo.id] if name in OF_A_PHOTO else [self.passkey.pk] if name in OF_A_PASSKEY else []
        return WITHOUT_A_NAME.get(name) or reverse(name, args=ARGUMENTS.get(name, mine))

    def browser(self, who: str, **options: Any) -> Client:
        return logged_in(self.people[who], **options) if who in self.people else Client(**options)

    def told(self, said: str, name: str) -> set[str]:
        """What an answer tells of Alice. A page may lead back to the address that was asked for, with what is in it."""
        if name in OF_A_PHOTO:
            said = said.replace(str(self.photo.id), "")
        hers = {LABEL, self.photo.id.hex, str(self.photo.id), str(self.alice.email), "Alice's phone"}
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

    def fields(self) -> dict[str, Any]:
        """A form that names Alice's photo wherever a form can name one."""
        return {
            "photo": [str(self.photo.id)], "id": str(self.photo.id), "preset": "essential", "label": "mine now",
            "name": "mine now",
        }  # fmt: skip


def someone(*, email: bool = False) -> Person:
    address = f"{uuid4().hex}@example.org" if email else None
    person = Person(username=None if email else codes.new_case_number(), email=address)
    person.set_password(codes.new_secret())
    person.save()
    if address:
        EmailAddress.objects.create(user=person, email=address, verified=True, primary=True)
    return person


def logged_in(person: Person, **options: Any) -> Client:
    browser = Client(REMOTE_ADDR=f"fd00::{uuid4().hex[:4]}:1", **options)
    browser.force_login(person)
    session = browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session[METHODS_OF] = user_id_to_str(person)
    session["photos_whose"] = "mine"
    session.save()
    return browser


def a_credential() -> dict[str, Any]:
    """As a browser makes one: a public key that nobody has the other half of."""
    key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    id_ = secrets.token_bytes(32)
    attested = AttestedCredentialData.create(Aaguid.NONE, id_, key)
    data = AuthenticatorData.create(bytes(32), AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT, 0, attested)
    said = CollectedClientData.create(type="webauthn.create", challenge=b"x" * 32, origin="http://localhost")
    made = {
        "clientDataJSON": websafe_encode(said),
        "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
    }
    rk = {"credProps": {"rk": True}}
    name = websafe_encode(id_)
    return {"id": name, "rawId": name, "type": "public-key", "response": made, "clientExtensionResults": rk}


def all_of_them() -> People:
    alice, bob, charlie, case = someone(email=True), someone(), someone(email=True), someone()
    theirs = fingerprint()
    photo = actions.add_photo(by=alice, fingerprints=[theirs], refuse=["edit"], label=LABEL, details=details()).photo
    actions.add_photo(by=bob, fingerprints=[theirs], refuse=["train"], label="The same lake")
    passkey = Authenticator.objects.create(
        user=alice, type=Authenticator.Type.WEBAUTHN, data={"name": "Alice's phone", "credential": a_credential()}
    )
    people = {"Alice": alice, "Bob": bob, "Charlie": charlie, "a case number": case}
    return People(alice, photo, passkey, people | {"the operator": Person.objects.operator()})


@dataclass(frozen=True)
class Platforms:
    """Keys by the column that they are in, and the endpoint of the platform that `its own key` is of."""

    keys: dict[str, str]
    endpoint: str

    @classmethod
    def new(cls, web: Web) -> "Platforms":
        mine, other = (f"Matrix {uuid4().hex}" for _ in range(2))
        found = {
            "its own key": new_key(mine, "--scopes", EVERYTHING),
            "its test key": new_key(mine, "--scopes", EVERYTHING, "--test"),
            "another's key": new_key(other, "--scopes", EVERYTHING),
            "wrong scope": new_key(mine, "--scopes", "keys"),
            "revoked key": new_key(mine, "--scopes", EVERYTHING),
        }
        command("revoke_key", keys.parse(found["revoked key"]).kid)
        made = web.ask("POST", "/v1/webhook-endpoints", {"url": ENDPOINT_URL}, found["its own key"])
        return cls(found, made.json["id"])
