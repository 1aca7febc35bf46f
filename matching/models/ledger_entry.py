import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class LedgerEntry(models.Model):
    """What must be done again after a restore, still to be written where no restore reaches: the ledger's outbox."""

    class Kind(models.TextChoices):
        PERSON_ERASED = "person.erased"
        PHOTO_ERASED = "photo.erased"
        PHOTO_WITHDRAWN = "photo.withdrawn"
        PHOTO_RESTORED = "photo.restored"  # by its person, after a withdrawal
        DETAILS_DROPPED = "photo.details_dropped"
        EXCLUSION_WITHDRAWN = "exclusion.withdrawn"
        KEY_REVOKED = "key.revoked"
        KEY_ENDS = "key.ends"  # at the entry's time: another has taken its place
        PLATFORM_SUSPENDED = "platform.suspended"
        PLATFORM_RESUMED = "platform.resumed"
        SIGNING_KEY_REVOKED = "signing_key.revoked"
        ENDPOINT_DELETED = "endpoint.deleted"
        SECRETS_CHANGED = "person.secrets_changed"  # a password, or what stands beside it
        SECOND_STEP_REMOVED = "person.second_step_removed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=32, choices=Kind.choices)
    subject = models.UUIDField()
    at = models.DateTimeField(db_default=Now())  # the database's clock: the last entry of a subject counts

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="ledger_entry_kind_known",
                condition=models.Q(
                    kind__in=[
                        "person.erased",
                        "photo.erased",
                        "photo.withdrawn",
                        "photo.restored",
                        "photo.details_dropped",
                        "exclusion.withdrawn",
                        "key.revoked",
                        "key.ends",
                        "platform.suspended",
                        "platform.resumed",
                        "signing_key.revoked",
                        "endpoint.deleted",
                        "person.secrets_changed",
                        "person.second_step_removed",
                    ]
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
