"""Suspend a platform: all its keys are refused with the next request, until it is resumed."""

from typing import Any

from django.core.management import CommandError, CommandParser

from matching import platforms
from matching.management.operators import OperatorCommand
from matching.models import Platform


class Command(OperatorCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--resume", action="store_true", help="let it in again")

    def handle(self, *, name: str, resume: bool, as_json: bool, **_: Any) -> None:
        act = platforms.resume if resume else platforms.suspend
        try:
            in_effect = act(by=platforms.OPERATOR, name=name)
        except Platform.DoesNotExist:
            raise CommandError(f"there is no platform {name!r}; list_platforms names them") from None
        done = "resumed" if resume else "suspended"
        self.say({"platform": name, "state": done if in_effect else "taking effect"}, as_json=as_json)
