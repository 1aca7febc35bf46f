"""Say that a key that signs proofs has leaked. No proof that it signed is believed any more, and another signs.

Who holds such a proof can no longer show by it that they asked: whoever has the key could have made it. Verifiers learn
of it when they fetch /.well-known/jwks.json again, within the hour that it may be kept.
"""

from typing import Any
from uuid import UUID

from django.core.management import CommandError, CommandParser

from matching import signing
from matching.management.operators import OperatorCommand
from matching.models import SigningKey


class Command(OperatorCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("kid", metavar="KID", help="as /.well-known/jwks.json and the head of a proof name it")

    def handle(self, *, kid: str, as_json: bool, **_: Any) -> None:
        try:
            signs = signing.revoke(UUID(hex=kid))
        except (ValueError, SigningKey.DoesNotExist):
            raise CommandError("no signing key has this kid; /.well-known/jwks.json names them") from None
        self.say({"kid": kid, "state": "revoked", "signs_now": signs.id.hex}, as_json=as_json)
