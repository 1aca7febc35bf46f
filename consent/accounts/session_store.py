"""Sessions in the database, whose entry in their person's list follows when they get another key."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    def cycle_key(self) -> None:
        before = self.session_key
        super().cycle_key()
        self.save()  # else the new key stands for nobody until the answer is out, and the list would take it for over
        if before:
            UserSession.objects.filter(session_key=before).update(session_key=self.session_key)
