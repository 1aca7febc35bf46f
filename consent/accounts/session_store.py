"""Sessions in the database, which end an hour after they were used last and twelve hours after the log-in, and whose
entry in their person's list follows when they get another key.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends import db
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase

BEGAN, USED = "began", "used"  # seconds since 1970
NOTED_EACH: Final = 60  # seconds: not every request is to write


class SessionStore(db.SessionStore):
    def get_expiry_date(self, **given: Any) -> datetime:
        """However often something in it changes, no later than its longest."""
        ends: datetime = super().get_expiry_date(**given)
        began = self.get(BEGAN)
        return min(ends, datetime.fromtimestamp(began + settings.SESSION_LONGEST, UTC)) if began else ends

    def cycle_key(self) -> None:
        before = self.session_key
        super().cycle_key()
        self.save()  # else the new key stands for nobody until the answer is out, and the list would take it for over
        if before:
            UserSession.objects.filter(session_key=before).update(session_key=self.session_key)


@receiver(user_logged_in)
def begin(request: HttpRequest, **_: Any) -> None:
    request.session[BEGAN] = request.session[USED] = int(time.time())


class KeptInUse:
    """Notes that a session is used, of who is in. Pages that do not ask who that is do without the database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.get_response(request)
        if request.session.accessed and time.time() - request.session.get(USED, time.time()) > NOTED_EACH:
            request.session[USED] = int(time.time())
        return answer
