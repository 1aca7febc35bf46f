"""Celery tasks of `consent`: what time brings. Each looks at the rows, so that a lost run delays and loses nothing."""

from datetime import timedelta
from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from consent.accounts.sessions import forget_expired
from consent.actions import erase_long_withdrawn, release_photos
from consent.actions.people import forget_claims
from consent.models import Person, Photo
from consent.models.person import CLAIM

WAIT = timedelta(days=1)  # how long a photo over the limits is held back
MOST = 500  # at once, so that no transaction holds many rows for long


@shared_task
def release_pending() -> None:
    """Let photos that have waited a day take effect."""
    waited = Photo.objects.filter(pending_since__lt=timezone.now() - WAIT).order_by("pending_since")[:MOST]
    release_photos(by=Person.objects.operator(), photos=waited)


@shared_task
def erase_withdrawn() -> None:
    """Erase what was withdrawn so long ago that it can't be put back."""
    erase_long_withdrawn(by=Person.objects.operator(), now=timezone.now(), most=MOST)


@shared_task
def forget_the_past() -> None:
    """Remove sessions that are over, accounts whose address nobody verified in time, and mails that became files."""
    forget_expired()
    before = timezone.now() - CLAIM
    forget_claims(before=before)
    for mail in Path(settings.MAIL_FOLDER).glob("*.log") if settings.MAIL_FOLDER else ():
        if mail.stat().st_mtime < before.timestamp():
            mail.unlink(missing_ok=True)
