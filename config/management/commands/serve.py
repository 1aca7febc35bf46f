"""`manage.py serve web`, `worker` or `beat`: become that process, with the arguments that `make run` gives it."""

import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.environment import ROOT
from config.local.application import Address, programs
from config.settings import ENVIRONMENT

LAST_ANSWERS_S = 60  # for what has begun when it is told to end; supervisors give 70


class Command(BaseCommand):
    help = "Be the web server (HOST, PORT, WEB_WORKERS), the worker or beat, in place of this process."
    requires_system_checks = []  # the process that comes does what it needs of them

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("process", choices=["web", "worker", "beat"])

    def handle(self, *, process: str, **_: Any) -> None:
        address = Address(ENVIRONMENT.host, ENVIRONMENT.port)
        workers, home = str(ENVIRONMENT.web_workers), ENVIRONMENT.veto_home
        known = programs(address, workers=workers, folder=home, kill_timeout_s=LAST_ANSWERS_S)
        # Where this release lies, and not by a link that will lead to the next one.
        python = Path(sys.prefix).resolve() / "bin" / "python"
        os.chdir(ROOT)
        os.execv(python, [str(python), "-m", *known[process]])  # noqa: S606 (no shell is wanted)
