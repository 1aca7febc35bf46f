"""Write docs/openapi.json from the code, or check that the committed file equals it."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from config.environment import ROOT
from matching.api.urls import api

TARGET = ROOT / "docs" / "openapi.json"


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail when the file differs")

    def handle(self, *, check: bool, **_: Any) -> None:
        settings.LANGUAGE_CODE = "en"
        text = json.dumps(api.get_openapi_schema(path_prefix=""), indent=1, ensure_ascii=False) + "\n"
        if not check:
            TARGET.write_text(text, encoding="utf-8")
        elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
            raise CommandError("docs/openapi.json differs from the code; run `make openapi` and commit it")
