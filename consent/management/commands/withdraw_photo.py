"""Withdraw the opt-outs of photos, named by the refs that protect_photo printed."""

from typing import Any
from uuid import UUID

from django.core.management import CommandParser

from consent.actions import withdraw_photo
from consent.models import Person, Photo
from matching.management.photos import PerItemCommand
from matching.problems import Problem


def photo_of(ref: str) -> Photo:
    """Raises Problem."""
    prefix, _, digits = ref.partition("_")
    try:
        return Photo.objects.get(id=UUID(hex=digits)) if prefix == "pho" else Photo.objects.none().get()
    except (ValueError, Photo.DoesNotExist):
        raise Problem("not-found", "No photo has this ref; one reads pho_ and 32 hexadecimal digits.") from None


class Command(PerItemCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("refs", nargs="+", metavar="REF", help="pho_…")

    def handle(self, *, refs: list[str], **_: Any) -> None:
        def withdraw(ref: str) -> dict[str, Any]:
            decided = withdraw_photo(by=Person.objects.operator(), photo=photo_of(ref))
            return {"state": "withdrawn" if decided.in_effect else "taking effect"}

        self.each("ref", refs, withdraw)
