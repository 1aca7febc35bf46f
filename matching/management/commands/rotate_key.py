"""Replace an API key: a new one that may the same, shown this once; the old one stays good for some days."""

from typing import Any

from django.core.management import CommandError, CommandParser

from matching import keys
from matching.management.operators import OperatorCommand, days, kid_of, of_key
from matching.models import ApiKey
from matching.platforms import OPERATOR


class Command(OperatorCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("kid", metavar="KID", help="the 10 characters after veto_live_, or the whole key")
        parser.add_argument("--overlap-days", type=float, default=7, metavar="N", help="default: 7")

    def handle(self, *, kid: str, overlap_days: float, as_json: bool, **_: Any) -> None:
        if not overlap_days >= 0:
            raise CommandError(f"an overlap of {overlap_days:g} days cannot be")
        try:
            api_key, credential, in_effect = keys.rotate(by=OPERATOR, kid=kid_of(kid), overlap=days(overlap_days))
        except ApiKey.DoesNotExist:
            raise CommandError("no key has this kid; list_platforms names them") from None
        except (ValueError, OverflowError) as error:
            raise CommandError(str(error)) from None
        old = api_key.replaces
        facts = {
            "platform": api_key.platform.name,
            "key": str(credential),
            **of_key(api_key),
            "replaces": old and old.kid,
            "old_ends_at": old and old.expires_at,
            "state": "replaced" if in_effect else "taking effect",
        }
        self.say(facts, as_json=as_json)
