"""Celery tasks of `matching`: each repeats what may have been left undone."""

import time
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from matching import events, ledger, records, sequence, webhooks
from matching.models import Idempotent

DELIVERING = "webhooks-are-delivered"
DELIVERING_S = 10.0
MOST = 5000  # rows at once, so that no statement takes long


@shared_task
def settle_changes() -> None:
    """Finish what a killed process left between commit and publication, and say the position again."""
    sequence.settled()
    ledger.written()


@shared_task
def deliver_webhooks() -> None:
    """Send what is due, one task at a time and not for long: the sequencer needs a worker too."""
    if not cache.add(DELIVERING, 1, 60):
        return
    try:
        ends = time.monotonic() + DELIVERING_S
        while webhooks.deliver_due() == webhooks.AT_ONCE and time.monotonic() < ends:
            pass
    finally:
        cache.delete(DELIVERING)


@shared_task
def purge() -> None:
    """Delete what has been kept long enough, and say which keys will end soon."""
    events.keys_that_expire_soon()
    events.purge()
    before = timezone.now() - timedelta(days=settings.CHECKS_KEPT_DAYS)
    Idempotent.objects.filter(at__lt=timezone.now() - timedelta(days=1)).delete()
    while records.purge(before=before, most=MOST):
        pass
    ledger.purge(timezone.now().date())
