from typing import ClassVar

from django.db import models


class SigningKey(models.Model):
    """A key that signs proofs from a time on, until the next one does. Its private half is sealed by the key ring."""

    app_may_update: ClassVar[tuple[str, ...]] = ()

    id = models.UUIDField(primary_key=True, editable=False)
    public = models.BinaryField()  # 32 bytes, as RFC 8032 writes them
    key_id = models.CharField(max_length=32)
    blob = models.BinaryField()
    active_from = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.id)
