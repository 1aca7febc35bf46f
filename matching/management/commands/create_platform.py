"""Create a platform: someone who asks. Its keys are issued by issue_key."""

from typing import Any

from django.core.management import CommandError, CommandParser

from matching import platforms
from matching.management.operators import OperatorCommand


class Command(OperatorCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "--minimum-assurance",
            type=int,
            default=0,
            metavar="N",
            help="answer it `ask` where only claims below N refuse; `sexualise` stays denied (default: 0)",
        )
        parser.add_argument("--units-per-minute", type=int, metavar="N", help="default: UNITS_PER_MINUTE")

    def handle(
        self, *, name: str, minimum_assurance: int, units_per_minute: int | None, as_json: bool, **_: Any
    ) -> None:
        try:
            made = platforms.create(
                by=platforms.OPERATOR,
                name=name,
                minimum_assurance=minimum_assurance,
                units_per_minute=units_per_minute,
            )
        except ValueError as error:
            raise CommandError(str(error)) from None
        facts = {
            "platform": made.name,
            "minimum_assurance": made.minimum_assurance,
            "units_per_minute": made.units_per_minute,
        }
        self.say(facts, as_json=as_json)
