"""Who a name and a password belong to: one look-up and one hashing, whether there is such a person or not."""

from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from consent.models import Person


def may_log_in(person: Person | None) -> bool:
    return person is not None and person.is_active and not person.is_operator


class Backend(BaseBackend):
    def authenticate(
        self,
        request: HttpRequest | None,
        *,
        password: str = "",
        username: str | None = None,
        email: str | None = None,
        **_: Any,
    ) -> Person | None:
        person = None
        if email:
            person = Person.objects.of_email(email)
        elif username:
            person = Person.objects.of_case_number(username)
        if person is None:
            Person().set_password(password)  # takes as long as checking one
            return None
        right = person.check_password(password)
        return person if right and may_log_in(person) else None

    def get_user(self, user_id: UUID) -> Person | None:
        """Asked at each request of a session: who may no longer log in is out at once."""
        person = Person.objects.filter(pk=user_id).first()
        return person if may_log_in(person) else None
