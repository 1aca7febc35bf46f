import uuid
from typing import ClassVar

from django.db import models


class AuditEvent(models.Model):
    """Who did what, when. Append-only and without foreign keys, so that erasing a person never meets it."""

    app_may_update: ClassVar[tuple[str, ...]] = ()

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(auto_now_add=True)
    by = models.UUIDField()
    action = models.CharField(max_length=64)
    subject = models.UUIDField()
    facts = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["subject", "at"])]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action} {self.subject}"
