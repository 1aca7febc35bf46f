"""Revoke API keys, named by their kid (the 10 characters after veto_live_) or whole; the next request is refused."""

from typing import Any

from django.core.management import CommandParser

from matching import keys
from matching.management.operators import kid_of
from matching.management.photos import PerItemCommand
from matching.models import ApiKey
from matching.platforms import OPERATOR
from matching.problems import Problem


class Command(PerItemCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kids", nargs="+", metavar="KID")
        parser.add_argument("--json", action="store_true", help="one JSON object a line, as always")

    def handle(self, *, kids: list[str], **_: Any) -> None:
        def revoke(kid: str) -> dict[str, Any]:
            try:
                in_effect = keys.revoke(by=OPERATOR, kid=kid)
            except ApiKey.DoesNotExist:
                raise Problem("not-found", "No key has this kid.") from None
            return {"state": "revoked" if in_effect else "taking effect"}

        self.each("kid", [kid_of(kid) for kid in kids], revoke)
