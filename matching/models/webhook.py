"""What platforms are told without asking: events, and where they wish them sent."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from matching.models.platform import Platform

EVENT_TYPES = ("protection.changed", "protection.removed", "key.expiring")


class WebhookEndpoint(models.Model):
    """An address of a platform's. `blob` seals 64 bytes: the secret of its HMACs, and the seed of its Ed25519 key."""

    id = models.BigAutoField(primary_key=True)
    public_id = models.CharField(max_length=28, unique=True)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="+")
    livemode = models.BooleanField()
    url = models.CharField(max_length=2048)
    types = ArrayField(models.CharField(max_length=32))
    key_id = models.CharField(max_length=32)
    blob = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)
    failing_since = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)  # it answered 410

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="webhook_types_known", condition=Q(types__contained_by=list(EVENT_TYPES)) & ~Q(types=[])
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(name="webhook_of", fields=["platform", "livemode"])]

    def __str__(self) -> str:
        return self.public_id


class Event(models.Model):
    """One thing that happened, for one platform. It is numbered after its transaction has committed, so that whoever
    reads on from a number misses none.
    """

    id = models.BigAutoField(primary_key=True)
    number = models.BigIntegerField(null=True, unique=True, editable=False)
    public_id = models.CharField(max_length=28, unique=True)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="+")
    livemode = models.BooleanField()
    type = models.CharField(max_length=32)
    data = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="event_type_known", condition=Q(type__in=list(EVENT_TYPES))),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(name="event_unnumbered", fields=["id"], condition=Q(number__isnull=True)),
            models.Index(name="event_of", fields=["platform", "livemode", "number"]),
            models.Index(name="event_at", fields=["at"]),
        ]

    def __str__(self) -> str:
        return self.public_id


class Delivery(models.Model):
    """An event that is still to be sent to an endpoint: the outbox. Gone when it was taken, or given up."""

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(name="delivery_due", fields=["due_at"])]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.endpoint_id}"
