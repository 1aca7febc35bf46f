"""Let photos that wait, being over the limits of a session or a network, take effect: by ref, or all of them."""

from typing import Any

from django.core.management import CommandError, CommandParser

from consent.actions import release_photos
from consent.management.refs import photo_of
from consent.models import Person, Photo
from matching.management.photos import PerItemCommand


class Command(PerItemCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("refs", nargs="*", metavar="REF", help="pho_…")
        parser.add_argument("--all", action="store_true", help="every photo that waits")

    def handle(self, *, refs: list[str], all: bool, **_: Any) -> None:  # noqa: A002 (the option's name)
        if bool(refs) == all:
            raise CommandError("name the refs of photos, or give --all")
        if all:
            refs = [photo.ref for photo in Photo.objects.exclude(pending_since=None).order_by("pending_since")]

        def release(ref: str) -> dict[str, Any]:
            decided = release_photos(by=Person.objects.operator(), photos=[photo_of(ref)])
            return {"state": "released" if decided.in_effect else "taking effect"}

        self.each("ref", refs, release)
