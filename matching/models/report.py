from typing import ClassVar

from django.db import models
from django.db.models import Q

from matching.models.platform import Platform

OUTCOMES = ("blocked", "warned", "exempt", "not_applied", "false_match")


class Report(models.Model):
    """What a platform says it did after a check, named by its id or by a `ref` that the platform was told.

    Neither need be there yet or still: both are looked up when reports are read, among the platform's own.
    """

    id = models.CharField(primary_key=True, max_length=28)
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT, related_name="+")
    livemode = models.BooleanField()
    check_id = models.CharField(max_length=28, blank=True)
    ref = models.CharField(max_length=30, blank=True)
    proven = models.BooleanField()  # whether a proof of ours said so
    outcome = models.CharField(max_length=16)
    use = models.CharField(max_length=16, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="report_outcome_known", condition=Q(outcome__in=list(OUTCOMES))),
            models.CheckConstraint(
                name="report_on_one_thing", condition=Q(check_id="") & ~Q(ref="") | ~Q(check_id="") & Q(ref="")
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(name="report_at", fields=["at"]),
            models.Index(name="report_on_check", fields=["check_id"], condition=~Q(check_id="")),
            models.Index(name="report_on_ref", fields=["ref"], condition=~Q(ref="")),
        ]

    def __str__(self) -> str:
        return self.id
