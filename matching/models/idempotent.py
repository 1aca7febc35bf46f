from typing import ClassVar

from django.db import models

from matching.models.platform import Platform


class Idempotent(models.Model):
    """What a request with an `Idempotency-Key` was answered, for whoever sends it again. Kept for a day, sealed."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="+")
    livemode = models.BooleanField()
    key = models.CharField(max_length=255)
    request = models.BinaryField()  # SHA-256 of method, path and body
    key_id = models.CharField(max_length=32)
    blob = models.BinaryField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="idempotent_once", fields=["platform", "livemode", "key"]),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(name="idempotent_at", fields=["at"])]

    def __str__(self) -> str:
        return self.key
