"""What is kept of a session beside its key: what kind of device, since when. No address, no full user agent."""

import re
from typing import Any

from allauth.account.signals import authentication_step_completed
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models.signals import post_delete, pre_save
from django.dispatch import receiver
from django.http import HttpRequest

NO_ADDRESS = "0.0.0.0"  # noqa: S104 (the column wants an address; this one is nobody's)

# The first that fits; most browsers also name those they descend from.
BROWSERS = (
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Edge", r"Edg/|EdgA/|EdgiOS/"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Opera", r"OPR/"),
    ("Chrome", r"Chrome/|CriOS/"),
    ("Safari", r"Safari/"),
)
SYSTEMS = (
    ("Android", r"Android"),
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Windows", r"Windows"),
    ("Mac", r"Macintosh"),
    ("Linux", r"Linux"),
)


def device(user_agent: str) -> str:
    """ "Firefox · Android"; empty where neither is known. A name that is already one of these stays as it is."""
    names = [
        next((name for name, sign in table if re.search(sign, user_agent) or name in user_agent), "")
        for table in (BROWSERS, SYSTEMS)
    ]
    return " · ".join(name for name in names if name)


@receiver(pre_save, sender=UserSession)
def keep_little(instance: UserSession, **_: Any) -> None:
    instance.ip = NO_ADDRESS
    instance.user_agent = device(instance.user_agent)


@receiver(post_delete, sender=UserSession)
def end(instance: UserSession, **_: Any) -> None:
    """Whatever removes the one removes the other: erasing a person leaves no session of theirs behind."""
    SessionStore(instance.session_key).delete()


@receiver(authentication_step_completed)
def begin_anew(request: HttpRequest, *, reauthenticated: bool = False, **_: Any) -> None:
    """Whoever has proven again who they are gets a new session key, as at the log-in; the old one is worth nothing."""
    if reauthenticated:
        request.session.cycle_key()


def forget_expired() -> None:
    """Sessions whose time is over, and what was kept beside them."""
    SessionStore.clear_expired()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
