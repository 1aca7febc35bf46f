"""Withdraw the opt-outs of photos, named by the refs that protect_photo printed."""

from typing import Any

from django.core.management import CommandParser

from consent.actions import withdraw_photos
from consent.management.refs import photo_of
from consent.models import Person
from matching.management.photos import PerItemCommand


class Command(PerItemCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("refs", nargs="+", metavar="REF", help="pho_…")

    def handle(self, *, refs: list[str], **_: Any) -> None:
        def withdraw(ref: str) -> dict[str, Any]:
            decided = withdraw_photos(by=Person.objects.operator(), photos=[photo_of(ref)])
            return {"state": "withdrawn" if decided.in_effect else "taking effect"}

        self.each("ref", refs, withdraw)
