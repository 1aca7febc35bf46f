from typing import ClassVar

from django.db import models

from matching.models.protection import Protection


class StoredFingerprint(models.Model):
    """What is kept of a photo under one profile: packed, encrypted, bound to its protection and profile."""

    protection = models.ForeignKey(Protection, on_delete=models.CASCADE, related_name="fingerprints")
    profile = models.CharField(max_length=32)
    key_id = models.CharField(max_length=32)
    blob = models.BinaryField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="fingerprint_once_per_profile", fields=["protection", "profile"]),
        ]

    def __str__(self) -> str:
        return f"{self.protection_id}: {self.profile}"
