import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from matching.models.protection import Protection


class Exclusion(models.Model):
    """An image for which some protections do not count: one that it was taken for by mistake, or, where it is no one's
    to reserve ("commons"), all below an assurance. Withdrawn, never deleted but with its protection.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    protection = models.ForeignKey(Protection, on_delete=models.CASCADE, null=True, related_name="exclusions")
    minimum_assurance = models.PositiveSmallIntegerField(null=True)
    reason = models.TextField()
    key_id = models.CharField(max_length=32)
    blob = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="exclusion_of_one_protection_or_commons",
                condition=Q(protection__isnull=False, minimum_assurance__isnull=True)
                | Q(protection__isnull=True, minimum_assurance__isnull=False),
            ),
            models.CheckConstraint(
                name="exclusion_assurance_1_to_3",
                condition=Q(minimum_assurance__isnull=True) | Q(minimum_assurance__range=(1, 3)),
            ),
            models.CheckConstraint(name="exclusion_has_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return str(self.id)
