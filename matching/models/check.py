"""What is kept of checks: never the image, never its hashes."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from matching.models.platform import Platform


class Check(models.Model):
    """A question that found something: `protected` or `ask`. In test mode `protections` is empty."""

    id = models.CharField(primary_key=True, max_length=28)
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT, related_name="+")
    livemode = models.BooleanField()
    at = models.DateTimeField()
    result = models.CharField(max_length=16)
    uses = models.JSONField()  # use asked for → its outcome
    protections = ArrayField(models.UUIDField())  # without those erased since

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="check_found_something", condition=Q(result__in=["protected", "ask"])),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(name="check_at", fields=["at"]),
            GinIndex(name="check_protections", fields=["protections"]),
        ]

    def __str__(self) -> str:
        return self.id


class CheckCount(models.Model):
    """How many questions found nothing, by platform, use and minute."""

    platform = models.ForeignKey(Platform, on_delete=models.PROTECT, related_name="+")
    livemode = models.BooleanField()
    result = models.CharField(max_length=16)  # no_match or indeterminate
    use = models.CharField(max_length=16)
    minute = models.DateTimeField()
    count = models.PositiveBigIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="check_count_once", fields=["platform", "livemode", "result", "use", "minute"]
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(name="check_count_minute", fields=["minute"])]

    def __str__(self) -> str:
        return f"{self.minute:%Y-%m-%d %H:%M} {self.use}: {self.count}"


class Told(models.Model):
    """That a platform was told of a protection, by its `ref` of it: what reports and events refer to."""

    platform = models.ForeignKey(Platform, on_delete=models.PROTECT, related_name="+")
    protection = models.UUIDField()
    ref = models.CharField(max_length=30)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="told_once", fields=["protection", "platform"]),
            models.UniqueConstraint(name="told_by_one_ref", fields=["platform", "ref"]),
        ]

    def __str__(self) -> str:
        return self.ref
