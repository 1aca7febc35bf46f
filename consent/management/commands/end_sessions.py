"""End every session of a person, named by e-mail address or case number: somebody else may be in one."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import CommandError, CommandParser

from consent.accounts import codes
from consent.accounts.addresses import address
from consent.actions import people
from consent.models import Person
from matching.management.operators import OperatorCommand


class Command(OperatorCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("who", metavar="WHO", help="an e-mail address or a case number")

    def handle(self, *, who: str, as_json: bool, **_: Any) -> None:
        person = named(who)
        if person is None:
            raise CommandError("nobody has this address or case number")
        self.say({"ended": people.end_sessions(by=Person.objects.operator(), of=person)}, as_json=as_json)


def named(who: str) -> Person | None:
    try:
        if "@" in who:
            return Person.objects.of_email(address(who))
        return Person.objects.of_case_number(codes.case_number(who))
    except (ValidationError, codes.NotACaseNumberError):
        return None
