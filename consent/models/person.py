"""People, and how one of them logs in."""

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

OPERATOR = "operator"  # no case number reads so: those are 128 bits in groups


class PersonManager(BaseUserManager["Person"]):
    def operator(self) -> "Person":
        """Whoever works at this server's command line, which stands in for the pages."""
        person, created = self.get_or_create(username=OPERATOR)
        if created:
            person.set_unusable_password()
            person.save(update_fields=["password"])
        return person


class Person(AbstractBaseUser):
    """Whoever holds registrations: by e-mail, or by `username` alone (a case number)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=64, unique=True, null=True, blank=True)
    email = models.EmailField(unique=True, null=True, blank=True)
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
