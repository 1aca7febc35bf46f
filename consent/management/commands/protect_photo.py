"""Protect photos. Each is hashed in memory; of the photo itself nothing is kept."""

from pathlib import Path
from typing import Any

from django.core.management import CommandParser

from consent.actions import protect_photo
from consent.models import Person
from matching.hashing.decoder import shared_decoder
from matching.management.photos import PerItemCommand, chosen_uses, files, read
from matching.uses import IDS, in_order, refused


class Command(PerItemCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="a photo, or a folder of photos")
        parser.add_argument(
            "--uses", help=f"uses to refuse, with commas between: {','.join(IDS)} (default: no AI editing)"
        )
        parser.add_argument("--assurance", type=int, choices=range(4), default=0, help="0 anonymous … 3 identified")

        parser.add_argument(
            "--no-details",
            dest="keep_details",
            action="store_false",
            help="keep no local features: the photo is then found by its whole frame only",
        )

    def handle(self, *, paths: list[str], uses: str | None, assurance: int, keep_details: bool, **_: Any) -> None:
        refuse = refused(chosen_uses(uses))

        def protect(path: Path) -> dict[str, Any]:
            with shared_decoder().opened(read(path)) as opened:
                fingerprints, details = opened.fingerprints(), opened.stored_details()
            decided = protect_photo(
                by=Person.objects.operator(),
                fingerprints=fingerprints,
                details=details,
                keep_details=keep_details,
                refuse=refuse,
                assurance=assurance,
            )
            return {
                "ref": decided.photo.ref,
                "state": "protected" if decided.in_effect else "taking effect",
                "uses": in_order(refuse),
                "assurance": assurance,
                "quality": fingerprints[0].quality,
                "details": decided.photo.details,
            }

        self.each("path", files(paths), protect)
