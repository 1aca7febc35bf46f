"""Make the next key that signs proofs: it is public at once, under /.well-known/jwks.json, and signs in 30 days."""

from typing import Any

from django.core.management import CommandError

from matching import signing
from matching.management.operators import OperatorCommand
from matching.models import SigningKey


class Command(OperatorCommand):
    help = __doc__ or ""

    def handle(self, *, as_json: bool, **_: Any) -> None:
        try:
            row = signing.rotate()
        except signing.NextKeyExistsError:
            coming = SigningKey.objects.order_by("-active_from")[0]
            raise CommandError(f"the next key, {coming.id.hex}, signs from {coming.active_from:%Y-%m-%d} on") from None
        self.say({"kid": row.id.hex, "signs_from": row.active_from}, as_json=as_json)
