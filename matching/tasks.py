"""Celery tasks of `matching`: each repeats what may have been left undone."""

from celery import shared_task

from matching import sequence


@shared_task
def settle_changes() -> None:
    """Finish what a killed process left between commit and publication, and say the position again."""
    sequence.settled()
