import uuid
from typing import ClassVar

from django.db import models


class PlatformEvent(models.Model):
    """Who did what to a platform or its keys. Append-only and without foreign keys, as consent's AuditEvent is."""

    app_may_update: ClassVar[tuple[str, ...]] = ()

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=36)  # "operator", or the id of a person
    action = models.CharField(max_length=64)
    platform = models.UUIDField()
    kid = models.CharField(max_length=10, blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["platform", "at"])]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action} {self.platform}"
