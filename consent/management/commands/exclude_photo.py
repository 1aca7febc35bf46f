"""Exclude images: from one photo that they were taken for by mistake, or from claims of less than an assurance.

A protection that is found for an image near-identical to one of these does not count, see docs/adr/0012.
"""

from pathlib import Path
from typing import Any

from django.core.management import CommandError, CommandParser

from consent.actions import exclude_image
from consent.management.refs import photo_of
from consent.models import Person
from matching.hashing.decoder import shared_decoder
from matching.management.photos import PerItemCommand, files, read
from matching.problems import Problem


class Command(PerItemCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="an image, or a folder of images")
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--protection", metavar="REF", help="the photo that it is not: pho_…, as protect_photo says")
        which.add_argument("--commons", action="store_true", help="an image that is no one's to reserve")
        parser.add_argument(
            "--minimum-assurance", type=int, choices=(1, 2, 3), help="with --commons: the least that claims on it need"
        )
        parser.add_argument("--reason", required=True, help="why; it is kept, and shown to no one but operators")

    def handle(
        self,
        *,
        paths: list[str],
        protection: str | None,
        commons: bool,
        minimum_assurance: int | None,
        reason: str,
        **_: Any,
    ) -> None:
        if commons != (minimum_assurance is not None):
            raise CommandError("--commons and --minimum-assurance go together")
        if not reason.strip():
            raise CommandError("an exclusion needs a reason")
        try:
            photo = photo_of(protection) if protection is not None else None
        except Problem as problem:
            raise CommandError(problem.detail) from None

        def exclude(path: Path) -> dict[str, Any]:
            made = exclude_image(
                by=Person.objects.operator(),
                queries=shared_decoder().queries(read(path), effort="high"),
                reason=reason,
                photo=photo,
                minimum_assurance=minimum_assurance,
            )
            return {
                "exclusion": made.ref,
                "state": "excluded" if made.in_effect else "taking effect",
                "protection": photo.ref if photo else None,
                "minimum_assurance": minimum_assurance,
            }

        self.each("path", files(paths), exclude)
