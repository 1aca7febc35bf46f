import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from consent.models.photo import Photo


class OptOut(models.Model):
    """The refusal of uses for a photo: as decided, at a time; withdrawn, never deleted silently."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="opt_outs")
    uses = ArrayField(models.CharField(max_length=16))
    decided_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="opt_out_one_in_force_per_photo", fields=["photo"], condition=Q(withdrawn_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{', '.join(self.uses)}{' (withdrawn)' if self.withdrawn_at else ''}"
