"""Compile the messages of every language with Babel, so that a machine needs no gettext."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import BaseCommand


class Command(BaseCommand):
    help = "Compile locale/*/LC_MESSAGES/*.po"

    def handle(self, **_: Any) -> None:
        for root in settings.LOCALE_PATHS:
            for source in sorted(Path(root).glob("*/LC_MESSAGES/*.po")):
                with source.open("rb") as po, source.with_suffix(".mo").open("wb") as mo:
                    write_mo(mo, read_po(po, locale=source.parent.parent.name, abort_invalid=True))
