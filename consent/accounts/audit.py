"""What allauth changes of an account, in our audit as well: that it happened, and nothing of what."""

from typing import Any

from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from django.dispatch import receiver

from consent.actions import people
from consent.models import Person


@receiver(signals.authenticator_reset)
@receiver(signals.authenticator_added)
def added(user: Person, authenticator: Authenticator, **_: Any) -> None:
    people.note_second_step(by=user, added=authenticator)


@receiver(signals.authenticator_removed)
def removed(user: Person, authenticator: Authenticator, **_: Any) -> None:
    people.note_no_second_step(by=user, removed=authenticator)
