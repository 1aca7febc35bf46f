"""Withdraw exclusions, named by the ids that exclude_photo printed: what they excluded counts again."""

from typing import Any

from django.core.management import CommandParser

from consent.actions import withdraw_exclusion
from consent.management.refs import exclusion_of
from consent.models import Person
from matching.exclusions import UnknownExclusionError
from matching.management.photos import PerItemCommand
from matching.problems import Problem


class Command(PerItemCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="+", metavar="ID", help="exc_…")

    def handle(self, *, ids: list[str], **_: Any) -> None:
        def withdraw(ref: str) -> dict[str, Any]:
            try:
                in_effect = withdraw_exclusion(by=Person.objects.operator(), exclusion=exclusion_of(ref))
            except UnknownExclusionError:
                raise Problem("not-found", "There is no such exclusion.") from None
            return {"state": "withdrawn" if in_effect else "taking effect"}

        self.each("id", ids, withdraw)
