"""List the platforms with their keys, of which nothing is shown that opens anything."""

from typing import Any

from django.core.management import CommandParser
from django.utils import timezone

from matching.management.operators import OperatorCommand, of_key
from matching.models import ApiKey, Platform


class Command(OperatorCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--all-keys", action="store_true", help="also those that are over")

    def handle(self, *, all_keys: bool, as_json: bool, **_: Any) -> None:
        now = timezone.now()
        for platform in Platform.objects.order_by("name").prefetch_related("api_keys"):
            its = sorted(platform.api_keys.all(), key=lambda key: key.created_at)
            facts = {
                "platform": platform.name,
                "minimum_assurance": platform.minimum_assurance,
                "units_per_minute": platform.units_per_minute,
                "suspended_at": platform.suspended_at,
                "created_at": platform.created_at,
                "keys": [of_key(key) | dates(key) for key in its if all_keys or key.in_force(now)],
            }
            self.say(facts, as_json=as_json)


def dates(key: ApiKey) -> dict[str, Any]:
    return {"created_at": key.created_at, "last_used_at": key.last_used_at, "revoked_at": key.revoked_at}
