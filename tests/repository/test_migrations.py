"""The linter of migrations notices what would stop, or break, the release that runs beside them."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db.migrations.loader import MigrationLoader

from tests.migrations import findings

MIGRATIONS = Path(__file__).resolve().parents[2] / "matching" / "migrations"
BAD = """
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("matching", {last!r})]
    operations = [
        migrations.AddField("platform", "country", models.TextField(default="")),
        migrations.AddField("platform", "city", models.TextField(db_default="")),
        migrations.AddIndex("change", models.Index(fields=["created_at"], name="change_created")),
        migrations.AlterField("change", "kind", models.CharField(max_length=9, unique=True)),
        migrations.RenameField("report", "use", "purpose"),
        migrations.RemoveField("check", "uses"),
    ]
"""


@pytest.mark.usefixtures("committed")
def test_an_unsafe_migration_is_named_with_the_rule_that_it_breaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    made = shutil.copytree(MIGRATIONS, tmp_path / "made_migrations")
    [(_, last)] = MigrationLoader(None).graph.leaf_nodes("matching")
    (made / "9999_bad.py").write_text(BAD.format(last=last))
    monkeypatch.syspath_prepend(tmp_path)
    settings.MIGRATION_MODULES = {"matching": "made_migrations"}

    found = findings()

    assert {line.split(": ")[1] for line in found} == {
        "ban-drop-default",  # code that does not know the column would write NULL; `city` has a default of its own
        "require-concurrent-index-creation",
        "disallowed-unique-constraint",
        "constraint-missing-not-valid",
        "renaming-column",
        "ban-drop-column",
        "changing-column-type",
    }
    assert all(line.startswith("matching.9999_bad: ") for line in found), found
    for name in [name for name in sys.modules if name.startswith("made_migrations")]:
        del sys.modules[name]
