"""People who have an account already, so that a test of one page need not open one by hand."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from allauth.account.internal.flows.login import _AUTHENTICATION_METHODS_USER_SESSION_KEY as METHODS_OF
from allauth.account.internal.userkit import user_id_to_str
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from consent import actions
from consent.accounts import codes
from consent.models import Person, Photo
from matching.hashing.details import Details, Part
from matching.hashing.fingerprint import Fingerprint, Hash
from tests.browser.window import Window

PASSWORD = "seven quiet herons"


def fingerprint() -> Fingerprint:
    half = secrets.token_bytes(16)
    return Fingerprint("veto-1", (Hash("full", "pdq", half + bytes(byte ^ 0xFF for byte in half), 100),), 100)


def details() -> bytes:
    """As they are kept of a photo, but of no photo."""
    codes = np.frombuffer(secrets.token_bytes(50 * 16), np.uint64).reshape(-1, 2)
    return Details((Part("whole", 384, 288, codes, np.zeros((50, 4), np.float32)),)).to_bytes(coarse=True)


@dataclass
class Someone:
    person: Person
    photos: list[Photo] = field(default_factory=list)

    @classmethod
    def new(cls, *, email: str = "") -> "Someone":
        person = Person(email=email or None, username=None if email else codes.new_case_number())
        person.set_password(PASSWORD)
        person.save()
        if email:
            EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
        return cls(person)

    def adds(self, *labels: str, **choice: Any) -> list[Photo]:
        choice = {"refuse": ["sexualise", "likeness", "animate", "edit"]} | choice
        new = [
            actions.add_photo(by=self.person, fingerprints=[fingerprint()], label=label, **choice).photo
            for label in labels
        ]
        self.photos += new
        return new

    def comes_in(self, window: Window, *, proven: bool = True) -> None:
        """Logged in, and (`proven`) asked just now who it is."""
        session = SessionStore()
        session[SESSION_KEY] = str(self.person.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = self.person.get_session_auth_hash()
        at = time.time() - (0 if proven else 3600)
        session["account_authentication_methods"] = [{"method": "password", "at": at, "reauthenticated": proven}]
        session[METHODS_OF] = user_id_to_str(self.person)
        session.save()
        key = str(session.session_key)
        window.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": window.base}])
