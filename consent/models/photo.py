import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class Photo(models.Model):
    """The fact that a person registered a photo. No image, no hash: those of its protection are in `matching`."""

    class Declaration(models.TextChoices):
        MINE = "mine"
        CHILD = "child"
        REPRESENTED = "represented"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="photos")
    label = models.CharField(max_length=200, blank=True)
    declaration = models.CharField(max_length=16, choices=Declaration.choices, default=Declaration.MINE)
    protection = models.UUIDField(unique=True)  # no foreign key: `matching` is another service
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="photo_declaration_known", condition=Q(declaration__in=["mine", "child", "represented"])
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        return f"pho_{self.id.hex}"
