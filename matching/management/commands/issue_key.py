"""Issue an API key for a platform, which is made if it is new. The key is shown this once."""

from datetime import timedelta
from typing import Any

from django.core.management import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from matching import keys, platforms
from matching.management.operators import OperatorCommand, of_key
from matching.models import Platform
from matching.models.platform import SCOPES
from matching.platforms import OPERATOR


class Command(OperatorCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--platform", required=True, metavar="NAME")
        parser.add_argument("--scopes", default="check,report", help=f"with commas between: {','.join(SCOPES)}")
        parser.add_argument(
            "--networks", default="", help="from where it may be used, as 192.0.2.0/24 (default: anywhere)"
        )
        parser.add_argument("--expires-in-days", type=float, metavar="N", help="default: never")
        parser.add_argument("--test", action="store_true", help="a test key: fixed hashes, no real protections")

    def handle(
        self,
        *,
        platform: str,
        scopes: str,
        networks: str,
        expires_in_days: float | None,
        test: bool,
        as_json: bool,
        **_: Any,
    ) -> None:
        try:
            expires_at = None if expires_in_days is None else timezone.now() + timedelta(days=expires_in_days)
        except (ValueError, OverflowError):
            raise CommandError(f"a key cannot expire in {expires_in_days:g} days") from None
        try:
            with transaction.atomic():
                owner = Platform.objects.filter(name=platform).first() or platforms.create(by=OPERATOR, name=platform)
                api_key, credential = keys.issue(
                    by=OPERATOR,
                    platform=owner,
                    livemode=not test,
                    scopes=[scope.strip() for scope in scopes.split(",") if scope.strip()],
                    networks=[network.strip() for network in networks.split(",") if network.strip()],
                    expires_at=expires_at,
                )
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.say({"platform": platform, "key": str(credential), **of_key(api_key)}, as_json=as_json)
