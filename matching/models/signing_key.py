from typing import ClassVar

from django.db import models


class SigningKey(models.Model):
    """A key that signs proofs from a time on, until the next one does. Its private half is sealed by the key ring.

    `revoked_at`: since when it is known to have leaked. Nothing that it signed is then believed any more.
    """

    app_may_update: ClassVar[tuple[str, ...]] = ("key_id", "blob", "revoked_at")

    id = models.UUIDField(primary_key=True, editable=False)
    public = models.BinaryField()  # 32 bytes, as RFC 8032 writes them
    key_id = models.CharField(max_length=32)
    blob = models.BinaryField()
    active_from = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)
