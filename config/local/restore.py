"""`make backup`, `make backup-key` and `make restore`."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from config.local.application import manage
from config.local.backup import Backups, new_keys, put_back, settled
from config.local.failure import LocalError
from config.local.home import Home, chosen_home
from config.local.services import Services
from config.local.terminal import raise_when_ended, say

FOUND = "Set BACKUP_FOLDER and BACKUP_RECIPIENT (`make backup-key` makes a pair of keys); see docs/backup.md."


def key() -> int:
    say(json.dumps(new_keys(), indent=1))
    return 0


def backup(given: Mapping[str, str]) -> int:
    """A whole copy of the Veto that runs with the same BACKUP_FOLDER."""
    backups = Backups.chosen(given)
    if backups is None:
        raise LocalError(FOUND)
    noted = Home(chosen_home(given)).environment_file
    try:
        lines = noted.read_text().splitlines()
    except OSError as error:
        raise LocalError(f"No Veto has run on {noted.parent}: `make run` comes first.") from error
    urls = [line.partition("=")[2] for line in lines if line.startswith("DATABASE_OWNER_URL=")]
    say(json.dumps({"backup": str(backups.make(urls[0]))}))
    return 0


def restore(given: Mapping[str, str], *, identity_file: Path, until: datetime | None) -> int:
    """Put back a home's PostgreSQL, whose data is gone, do again what the ledger knows, and stop."""
    raise_when_ended()
    backups = Backups.chosen(given)
    if backups is None:
        raise LocalError(FOUND)
    home = Home(chosen_home(given))
    services: Services | None = None
    try:
        home.open()
        base = put_back(backups.folder, home.postgres, identity_file, until)
        say(f"Put back {base}; rolling it forward.")
        services = Services(home, given, patience=float("inf"))
        services.start()
        settled(home.postgres)
        environment = services.children_environment(given)
        manage(home, environment, "migrate", "--noinput")
        say(manage(home, environment, "restored").strip())
    finally:
        if services is not None:
            services.stop()
        home.close()
    say("`make run` starts it. Nothing but refusals is answered before `manage.py declare_complete`.")
    return 0
