import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from matching import uses


class Protection(models.Model):
    """What the index is built from: refused uses, and fingerprints, one for each profile. Knows no person."""

    class State(models.TextChoices):
        ACTIVE = "active"
        PENDING = "pending"  # held back, not yet answered for
        WITHDRAWN = "withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    uses = ArrayField(models.CharField(max_length=16))
    assurance = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="protection_uses_in_vocabulary", condition=Q(uses__contained_by=list(uses.IDS))
            ),
            models.CheckConstraint(
                name="protection_refuses_what_is_always_refused",
                condition=Q(uses__contains=[use.id for use in uses.USES if use.always_refused]),
            ),
            models.CheckConstraint(name="protection_assurance_0_to_3", condition=Q(assurance__lte=3)),
            models.CheckConstraint(
                name="protection_state_known", condition=Q(state__in=["active", "pending", "withdrawn"])
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
