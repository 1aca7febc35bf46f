"""After a restore from a backup, before anybody is let in: do again what the ledger knows, and begin a new epoch.

What was acknowledged after the backup may be missing, so checks answer no `no_match` until `declare_complete`.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, CommandParser

from consent.actions.restoring import replay
from consent.models import Person
from matching import sequence
from matching.ledger import LedgerError
from matching.management.operators import OperatorCommand


class Command(OperatorCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--ledger", type=Path, default=settings.LEDGER_FOLDER, help="its folder (LEDGER_FOLDER)")
        parser.add_argument(
            "--without-ledger", action="store_true", help="it is lost: what was erased since the backup is here again"
        )

    def handle(self, *, ledger: Path, without_ledger: bool, as_json: bool, **_: Any) -> None:
        try:
            done = {} if without_ledger else replay(by=Person.objects.operator(), ledger_folder=ledger)
        except LedgerError as error:
            raise CommandError(f"{error}: name it by --ledger, or say --without-ledger") from None
        position = sequence.open_restored()
        facts = {"epoch": position.epoch, "generation": position.number, "done_again": done, "complete": False}
        self.say(facts, as_json=as_json)
