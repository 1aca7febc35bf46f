"""Issue an API key for a platform, which is made if it is new. The key is shown this once."""

import json
from datetime import timedelta
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from matching import keys
from matching.models import Platform
from matching.models.platform import NAME_LENGTH, SCOPES


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--platform", required=True, metavar="NAME")
        parser.add_argument("--scopes", default="check", help=f"with commas between: {','.join(SCOPES)}")
        parser.add_argument(
            "--networks", default="", help="from where it may be used, as 192.0.2.0/24 (default: anywhere)"
        )
        parser.add_argument("--expires-in-days", type=float, metavar="N", help="default: never")
        parser.add_argument("--test", action="store_true", help="a test key: fixed hashes, no real protections")

    def handle(
        self, *, platform: str, scopes: str, networks: str, expires_in_days: float | None, test: bool, **_: Any
    ) -> None:
        try:
            expires_at = None if expires_in_days is None else timezone.now() + timedelta(days=expires_in_days)
        except (ValueError, OverflowError):
            raise CommandError(f"a key cannot expire in {expires_in_days:g} days") from None
        if not platform.strip() or len(platform) > NAME_LENGTH:
            raise CommandError(f"the name of a platform has 1 to {NAME_LENGTH} characters")
        try:
            with transaction.atomic():
                owner, _created = Platform.objects.get_or_create(name=platform)
                api_key, credential = keys.issue(
                    platform=owner,
                    livemode=not test,
                    scopes=[scope.strip() for scope in scopes.split(",") if scope.strip()],
                    networks=[network.strip() for network in networks.split(",") if network.strip()],
                    expires_at=expires_at,
                )
        except ValueError as error:
            raise CommandError(str(error)) from None
        shown = {
            "platform": platform,
            "kid": api_key.kid,
            "key": str(credential),
            "livemode": api_key.livemode,
            "scopes": api_key.scopes,
            "networks": api_key.networks,
            "expires_at": expires_at.isoformat() if expires_at else None,
        }
        self.stdout.write(json.dumps(shown))
