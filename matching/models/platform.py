"""Platforms and their keys."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

SCOPES = ("check", "feed:filter", "feed:hashes", "report", "webhooks", "keys")
NAME_LENGTH = 100


class Platform(models.Model):
    """Who asks."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=NAME_LENGTH, unique=True)
    minimum_assurance = models.PositiveSmallIntegerField(default=0)
    units_per_minute = models.PositiveIntegerField(null=True, blank=True)  # None: the registry's default
    suspended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="platform_minimum_assurance_0_to_3", condition=Q(minimum_assurance__lte=3)),
            models.CheckConstraint(
                name="platform_units_from_1", condition=Q(units_per_minute__isnull=True) | Q(units_per_minute__gte=1)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """A platform's key. Of the secret only a digest is kept; `kid` is the part that may be shown."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kid = models.CharField(max_length=10, unique=True)
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT, related_name="api_keys")
    livemode = models.BooleanField()
    digest = models.BinaryField()
    pepper_id = models.CharField(max_length=16, default="", db_default="")  # "": of before peppers had ids
    scopes = ArrayField(models.CharField(max_length=16, choices=[(scope, scope) for scope in SCOPES]))
    networks = ArrayField(models.CharField(max_length=43), default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="api_key_scopes_known", condition=Q(scopes__contained_by=list(SCOPES))),
        ]

    def __str__(self) -> str:
        return self.kid

    def in_force(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
