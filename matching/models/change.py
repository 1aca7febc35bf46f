"""The change sequence as rows."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q


class Change(models.Model):
    """One change that every reader must learn of. It gets its number after its transaction has committed.

    It names its subject and carries nothing of it: a reader fetches the subject's present state, which is that of this
    change or of a later one that it will meet too. A number is written once (a trigger keeps it so).
    """

    app_may_update: ClassVar[tuple[str, ...]] = ("number",)

    class Kind(models.TextChoices):
        PROTECTION = "protection"
        EXCLUSION = "exclusion"
        ACCESS = "access"  # an API key or a platform: what may still be believed of a key

    id = models.BigAutoField(primary_key=True)
    number = models.BigIntegerField(null=True, unique=True, editable=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    subject = models.UUIDField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="change_number_from_1", condition=Q(number__gte=1)),
            models.CheckConstraint(
                name="change_kind_known", condition=Q(kind__in=["protection", "exclusion", "access"])
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(name="change_unnumbered", fields=["id"], condition=Q(number__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.number or 'unnumbered'}: {self.kind} {self.subject}"


class Sequence(models.Model):
    """The one row that holds how far the numbering has come.

    `lineage` names this database's history, so that a position published for another database is never taken for its
    own; `epoch` counts restores from a backup, after which numbers are given a second time. `history` is PostgreSQL's
    name for its own past, which changes with a restore; `complete`: no acknowledged change is known to be missing.
    """

    app_may_update: ClassVar[tuple[str, ...]] = ("epoch", "number", "history", "complete")

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    lineage = models.UUIDField(default=uuid.uuid4, editable=False)
    epoch = models.PositiveIntegerField(default=1)
    number = models.PositiveBigIntegerField(default=0)
    history = models.CharField(max_length=32, editable=False)
    complete = models.BooleanField(default=True, db_default=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="sequence_is_one_row", condition=Q(id=1)),
        ]

    def __str__(self) -> str:
        return f"epoch {self.epoch}, number {self.number}"
