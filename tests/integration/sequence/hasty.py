"""The Celery app, whose workers end a second after they have begun to stop."""

from config import celery

celery.STOPPED_WITHIN_S = 1
app = celery.app
