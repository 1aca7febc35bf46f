"""What of people should be gone by now and is not: numbers alone, for `manage.py metrics`."""

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session

from consent.models import Person, Photo
from consent.models.person import CLAIM
from consent.models.photo import UNDO


def overdue(now: datetime, grace: timedelta) -> dict[str, int]:
    """Rows by kind; `grace`: what the tasks that delete them may take. Reads whole tables."""
    return {
        "photos": Photo.objects.withdrawn_before(now - UNDO - grace).count(),
        "accounts": Person.objects.claimed_before(now - CLAIM - grace).count(),
        "sessions": Session.objects.filter(expire_date__lt=now - grace).count(),
    }
