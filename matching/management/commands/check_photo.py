"""Ask, as a platform would, whether photos are protected. Reads the registry itself; nothing is sent or stored."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management import CommandError, CommandParser
from django.db import DatabaseError, InterfaceError

from matching import checks
from matching.follower import configured
from matching.hashing.decoder import shared_decoder
from matching.keyring import UnreadableBlobError
from matching.management.photos import PerItemCommand, chosen_uses, files, read
from matching.uses import IDS

OPERATOR = UUID(int=0)  # the references are those of no platform


class Command(PerItemCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="a photo, or a folder of photos")
        parser.add_argument("--uses", help=f"uses asked for, with commas between (default: all: {','.join(IDS)})")
        parser.add_argument("--effort", choices=["normal", "high"], default="normal", help="high adds small rotations")
        parser.add_argument("--include-possible", action="store_true", help="also ask for what is only possibly it")

    def handle(self, *, paths: list[str], uses: str | None, effort: Any, include_possible: bool, **_: Any) -> None:
        asked = chosen_uses(uses) if uses is not None else frozenset(IDS)
        follower = configured()
        try:
            follower.load()
        except (DatabaseError, InterfaceError):
            raise CommandError("the registry's database does not answer; nothing is known of these photos") from None
        except UnreadableBlobError as error:
            raise CommandError(str(error)) from None

        def check(path: Path) -> dict[str, Any]:
            with shared_decoder().opened(read(path)) as opened:
                decision = checks.ask(
                    follower,
                    opened.queries(effort=effort),
                    offered=checks.Offered(opened.asked_details),
                    uses=asked,
                    current=follower.current(),
                    include_possible=include_possible,
                )
            return checks.in_words(decision, OPERATOR)

        self.each("path", files(paths), check)
