"""What `check --deploy` says of a deployment."""

import pytest
from django.core.checks import run_checks
from pytest_django.fixtures import Settings


def found() -> set[str | None]:
    return {message.id for message in run_checks(include_deployment_checks=True)}


def test_a_sound_deployment_is_not_warned_of_its_own_settings(settings: Settings) -> None:
    settings.MAIL_FOLDER = ""
    assert not {warning for warning in found() if warning and warning.startswith("veto.")}


def test_a_single_database_role_is_warned_of(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["owner"], "USER", settings.DATABASES["default"]["USER"])
    assert "veto.W001" in found()


def test_mails_that_reach_nobody_are_warned_of(settings: Settings) -> None:
    settings.MAIL_FOLDER = "/var/mails"
    assert "veto.W003" in found()


def test_people_who_are_told_early_what_was_asked_are_warned_of(settings: Settings) -> None:
    settings.ACTIVITY_DELAY_HOURS = 1
    assert "veto.W004" in found()


@pytest.mark.parametrize("name", ["SECRET_KEY", "REF_KEY"])
def test_an_example_secret_is_warned_of(settings: Settings, name: str) -> None:
    setattr(settings, name, "change-me" * 9 if name == "SECRET_KEY" else bytes(32))
    assert "veto.W002" in found()
