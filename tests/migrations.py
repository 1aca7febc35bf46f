"""`python -m tests.migrations`: whether a release can be migrated while the one before it runs, by squawk.

It reads the SQL of every migration: locks that stop writers for as long as a table is read, and columns or constraints
that code which still runs may need. What Python does in a migration it cannot see.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import django
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

SQUAWK = Path(sys.executable).with_name("squawk")
OURS = ("consent", "matching")

# Rules that a migration may break. Each of these is older than the first release: nobody's service ran beside it.
EXEMPT = {
    "consent.0002_photos": {
        "constraint-missing-not-valid", "disallowed-unique-constraint", "require-concurrent-index-creation",
    },
    "consent.0004_details": {"constraint-missing-not-valid"},
    "consent.0005_sending": {"constraint-missing-not-valid", "disallowed-unique-constraint"},
    "matching.0003_pending": {"ban-drop-constraint", "constraint-missing-not-valid"},
    "matching.0004_fingerprints_by_profile": {"ban-drop-column", "ban-drop-not-null"},
    "matching.0005_exclusions": {
        "adding-foreign-key-constraint", "ban-drop-constraint", "constraint-missing-not-valid",
    },
    "matching.0006_limits": {"constraint-missing-not-valid"},
    "matching.0007_operators": {"adding-foreign-key-constraint", "require-concurrent-index-creation"},
    "matching.0012_restoring": {"ban-drop-default"},
    "matching.0014_more_in_the_ledger": {"ban-drop-constraint", "constraint-missing-not-valid"},
}  # fmt: skip


def findings() -> list[str]:
    """What is wrong, a line each. The database is migrated: Django looks constraints up in it."""
    with tempfile.TemporaryDirectory() as folder:
        for app, name in MigrationLoader(None).disk_migrations:
            if app in OURS:
                with (Path(folder) / f"{app}.{name}").open("w") as file:
                    call_command("sqlmigrate", app, name, database="owner", stdout=file)
        done = subprocess.run(
            [SQUAWK, "--config", ".squawk.toml", "--reporter", "json", *Path(folder).iterdir()],
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        found = [(Path(each["file"]).name, each["rule_name"], each["message"]) for each in json.loads(done.stdout)]
    except ValueError:
        raise RuntimeError(f"squawk said nothing that can be read: {done.stderr}") from None
    unused = {(name, rule) for name, rules in EXEMPT.items() for rule in rules} - {each[:2] for each in found}
    return [
        *(f"{name}: {rule}: {says}" for name, rule, says in found if rule not in EXEMPT.get(name, ())),
        *(f"{name}: {rule}: exempt, and not broken" for name, rule in sorted(unused)),
    ]


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    found = findings()
    print("\n".join(found) or f"The migrations of {' and '.join(OURS)} can be run beside the release before them.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
