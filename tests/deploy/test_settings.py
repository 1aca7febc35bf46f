"""What deploy/ and docs/deployment.md set is a setting, and every command that they name is there."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from config.environment import Environment
from tests.deploy.units import ROOT

SETTINGS = {name.upper() for name in Environment.model_fields}
OTHERS = {"VETO_ENV_FILE", "PROMETHEUS_MULTIPROC_DIR"}  # read before there are settings
FILES = [
    ROOT / "docs" / "deployment.md",
    *(file for file in (ROOT / "deploy").rglob("*") if file.is_file() and file.suffix != ".json"),
]


def names(text: str) -> set[str]:
    """Of variables that are set, in any of the languages here: `NAME=`, `NAME: `, `name: NAME`."""
    return set(re.findall(r"\b([A-Z][A-Z]+(?:_[A-Z]+)+)(?==|: )", text)) | set(re.findall(r"name: ([A-Z_]+)\b", text))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_setting_and_every_command_that_is_named_is_there(file: Path) -> None:
    text = file.read_text()
    ours = {name for name in names(text) if not name.startswith(("POSTGRES_", "POD_", "PIP_", "PYTHON"))}
    assert ours <= SETTINGS | OTHERS
    assert set(re.findall(r"(?:manage\.py|^veto) ([a-z_]+)\b", text, re.MULTILINE)) <= set(get_commands())


def test_what_has_to_be_given_is_named() -> None:
    text = (ROOT / "docs" / "deployment.md").read_text()
    made = {"DJANGO_SECRET_KEY", "API_KEY_PEPPER", "REF_KEY", "FINGERPRINT_KEYS"}  # by `python -m config.local secrets`
    needed = {name.upper() for name, field in Environment.model_fields.items() if field.is_required()}
    assert needed - made <= names(text)
    assert {name for name in SETTINGS if name.startswith("OPERATOR_")} <= names(text)
