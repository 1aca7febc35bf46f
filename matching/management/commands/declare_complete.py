"""After a restore: say that no acknowledged opt-out is missing, so that checks answer `no_match` again."""

from typing import Any

from django.core.management import CommandError, CommandParser

from matching import sequence
from matching.management.operators import OperatorCommand


class Command(OperatorCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("epoch", type=int, help="as `restored` has said it")

    def handle(self, *, epoch: int, as_json: bool, **_: Any) -> None:
        if not sequence.declare_complete(epoch):
            raise CommandError(f"{epoch} is not the present epoch: look again at what was restored")
        self.say({"epoch": epoch, "complete": True}, as_json=as_json)
