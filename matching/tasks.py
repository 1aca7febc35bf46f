"""Celery tasks of `matching`: each repeats what may have been left undone."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from matching import records, sequence
from matching.models import Idempotent

MOST = 5000  # rows at once, so that no statement takes long


@shared_task
def settle_changes() -> None:
    """Finish what a killed process left between commit and publication, and say the position again."""
    sequence.settled()


@shared_task
def purge() -> None:
    """Delete what has been kept long enough."""
    before = timezone.now() - timedelta(days=settings.CHECKS_KEPT_DAYS)
    Idempotent.objects.filter(at__lt=timezone.now() - timedelta(days=1)).delete()
    while records.purge(before=before, most=MOST):
        pass
