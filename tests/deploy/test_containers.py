"""The image and the compose file, as far as files can be tried: nothing builds images here."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.local.valkey import SETTINGS
from tests.deploy.units import ROOT

COMPOSE = ROOT / "deploy" / "compose.yml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
OURS = [name for name, service in SERVICES.items() if service["image"] == "veto"]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `COPY . .` brings, but for the packages."""
    tree = tmp_path_factory.mktemp("image")
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for name in kept:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
        else:
            shutil.copy(ROOT / name, tree / name)
    return tree


def test_an_image_is_made_of_what_it_needs(image: Path) -> None:
    build = DOCKERFILE.split("FROM ")[1]
    commands = [yaml.safe_load(line) for line in re.findall(r"^RUN (\[.*\])$", build, re.MULTILINE)]
    environment = {"PATH": os.defpath, "VETO_ENV_FILE": ".env.example"}

    def ran(command: list[str], **others: str) -> None:
        done = subprocess.run(command, cwd=image, env=environment | others, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    assert commands[0] == ["python", "config/local/install.py", "requirements.txt"]
    for command in commands[1:]:
        assert command[0] == ".venv/bin/python"
        ran([sys.executable, *command[1:]])
    assert list(image.rglob("*.mo"))
    ran([sys.executable, "manage.py", "check"], VETO_HOME=str(image / "home"))


def test_the_image_runs_as_nobody_in_particular_and_says_whether_it_is_ready() -> None:
    run = DOCKERFILE.split("FROM ")[-1]
    assert re.search(r"^USER 10001:10001$", run, re.MULTILINE)
    assert "/readyz" in run.split("HEALTHCHECK")[1]
    for words in ("CMD", "ENTRYPOINT", "RUN"):  # as lists: no shell is needed
        assert all(line[len(words) + 1] == "[" for line in DOCKERFILE.splitlines() if line.startswith(f"{words} "))


def test_the_compose_file_is_one() -> None:
    command = [Path(sys.executable).with_name("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", COMPOSE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_may_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_only_migrations_know_the_owner_and_there_is_one_beat() -> None:
    assert [name for name in SERVICES if "owner.env" in str(SERVICES[name])] == ["migrate"]
    assert [name for name in OURS if SERVICES[name].get("command", [])[-1:] == ["beat"]] == ["beat"]
    assert all(not re.search(r"(?i)password|secret|key", str(SERVICES[name]["environment"])) for name in OURS[1:])


def test_valkey_is_set_as_the_one_of_make_run() -> None:
    command = SERVICES["valkey"]["command"]
    said = dict(zip((part[2:] for part in command[1::2]), command[2::2], strict=True))
    assert said == {name: SETTINGS[name] for name in ("appendonly", "appendfsync", "save", "enable-debug-command")}
