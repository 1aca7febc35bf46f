"""docs/retention.md is complete: every table stands in it, and what it names to keep a period is run by beat."""

import re

from django.apps import apps

from config.celery import app
from tests.repository.test_house import PERSONAL, ROOT

WITHOUT_ROWS = {"auth", "contenttypes"}  # of Django's, which we do not use


def rows() -> dict[str, list[str]]:
    """The cells after the first, by the models that the first one names."""
    found = {}
    for line in (ROOT / "docs/retention.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        for name in re.findall(r"\b[a-z]+\.[A-Z]\w+", cells[0]) if line.startswith("|") else ():
            found[name] = cells[1:]
    return found


def test_every_table_stands_in_the_list() -> None:
    models = {model._meta.label for model in apps.get_models() if model._meta.app_label not in WITHOUT_ROWS}
    assert set(rows()) == models


def test_what_is_personal_is_said_to_be_and_has_an_end() -> None:
    for model in PERSONAL.keys() - {"matching.Platform"}:
        of_people, until, _ = rows()[model]
        assert model == "account.EmailConfirmation" or not of_people.startswith("nothing"), model
        assert until, model


def test_every_task_that_is_named_is_run_by_beat() -> None:
    named = {task for cells in rows().values() for task in re.findall(r"`([a-z]+\.tasks\.\w+)`", cells[-1])}
    assert len(named) > 4
    assert named <= {str(entry["task"]) for entry in app.conf.beat_schedule.values()}
