"""Commands of operators: words on a terminal, one JSON object a line with `--json` and where no one is looking."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from matching import keys
from matching.models import ApiKey


class OperatorCommand(BaseCommand):
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="one JSON object a line, as where stdout is no terminal"
        )

    def say(self, facts: Mapping[str, Any], *, as_json: bool) -> None:
        if as_json or not self.stdout.isatty():
            self.stdout.write(json.dumps(facts, default=str))
        else:
            width = max(map(len, facts))
            self.stdout.write("\n".join(f"{name:{width}}  {shown(value)}" for name, value in facts.items()) + "\n")


def shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(shown, value)) or "-"
    if isinstance(value, dict):
        return " ".join(f"{name}={shown(each)}" for name, each in value.items())
    return "-" if value is None else str(value)


def of_key(api_key: ApiKey) -> dict[str, Any]:
    """What may be shown of a key at any time."""
    return {
        "kid": api_key.kid,
        "livemode": api_key.livemode,
        "scopes": api_key.scopes,
        "networks": api_key.networks,
        "expires_at": api_key.expires_at.isoformat() if api_key.expires_at else None,
    }


def kid_of(text: str) -> str:
    """The kid of a key given whole, so that nobody has to cut it out; anything else stands for itself."""
    try:
        return keys.parse(text).kid
    except keys.InvalidKeyError:
        return text


def days(number: float) -> timedelta:
    """Raises CommandError."""
    try:
        return timedelta(days=number)
    except (ValueError, OverflowError):
        raise CommandError(f"{number:g} days cannot be") from None
