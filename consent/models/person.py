"""People, and how one of them logs in."""

import hashlib
import hmac
import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from consent.accounts import codes

OPERATOR = "operator"  # no case number reads so: those are 28 characters
CLAIM = timedelta(days=3)  # how long an address may stay unverified: the link is good for two


class PersonManager(BaseUserManager["Person"]):
    def operator(self) -> "Person":
        """Whoever works at this server's command line, which stands in for the pages. Can never log in."""
        person, created = self.get_or_create(username=OPERATOR)
        if created:
            person.set_unusable_password()
            person.save(update_fields=["password"])
        return person

    def of_case_number(self, number: str) -> "Person | None":
        return self.filter(username=number).exclude(username=OPERATOR).first()

    def of_email(self, email: str) -> "Person | None":
        return self.filter(email=email.lower()).exclude(username=OPERATOR).first()

    def claimed_before(self, time: datetime) -> "models.QuerySet[Person]":
        """Opened by e-mail before then, with an address that nobody has verified."""
        claims = self.filter(created_at__lt=time, last_login=None, username=None)
        return claims.exclude(emailaddress__verified=True)


class Person(AbstractBaseUser):
    """Whoever holds registrations: by e-mail, or by `username` alone (a case number)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=64, unique=True, null=True, blank=True)
    email = models.EmailField(unique=True, null=True, blank=True)
    default_uses = ArrayField(models.CharField(max_length=16), null=True, blank=True)
    keep_details = models.BooleanField(default=True, db_default=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"

    objects: ClassVar[PersonManager] = PersonManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="person_has_a_name_to_log_in_with",
                condition=Q(username__isnull=False) | Q(email__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_operator(self) -> bool:
        return self.username == OPERATOR

    @property
    def has_case_number(self) -> bool:
        return self.username is not None and not self.is_operator

    @property
    def case_number(self) -> str:
        """As people write it, in groups; empty for who has none."""
        return codes.grouped(self.username) if self.username is not None and self.has_case_number else ""

    @property
    def assurance(self) -> int:
        """What is known of who this is: 0 nothing, 1 an e-mail address (nobody comes in before it is verified)."""
        return 1 if self.email else 0

    def get_session_auth_hash(self) -> str:
        """What ends a person's sessions when the password changes. Not under Django's key, which may change: where the
        mark of a session is of an older key, Django gives it another key, also to one that is merely listed.
        """
        return hmac.digest(settings.REF_KEY, b"session mark" + self.password.encode(), hashlib.sha256).hex()

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(self._as_made(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        return super().check_password(self._as_made(raw_password))

    def _as_made(self, typed: str | None) -> str | None:
        """A secret from a sheet may be typed in any case and with any spaces; a password is taken to the letter."""
        return codes.secret(typed) if typed is not None and self.has_case_number else typed
