"""Bring the catalogues in step with the source; `--check` only says what is not."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

from config import messages
from config.environment import ROOT


class Command(BaseCommand):
    help = "Update locale/*/LC_MESSAGES/django.po from the source"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail when a message lacks a translation"
        )

    def handle(self, *, check: bool, **_: Any) -> None:
        wanted = messages.extracted()
        unfinished = 0
        for code, _name in settings.LANGUAGES:
            if code == settings.LANGUAGE_CODE:
                continue  # the source itself
            path = Path(settings.LOCALE_PATHS[0]) / code / "LC_MESSAGES" / "django.po"
            if not check:
                path.write_bytes(messages.written(messages.update(path, wanted)))
            found = messages.faults(messages.read(path), wanted)
            if found:
                unfinished += 1
                self.stderr.write(f"{path.relative_to(ROOT)}:\n{found}")
        if check and unfinished:
            raise CommandError("run `manage.py update_messages`, then translate what is listed")
