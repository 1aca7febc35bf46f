"""systemd takes the units as they are meant, and finds them closed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.units import ROOT, SYSTEMD, unit

WANTED = ["veto-web@8001", "veto-web@8002", "veto-worker", "veto-beat", "veto-metrics"]
ALL = [*WANTED, "veto-migrate"]
MOST_EXPOSED = 1.5  # of 10, as `systemd-analyze security` counts; the rest is the network, which it is there for
NEEDED = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def analyzed(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"SYSTEMD_UNIT_PATH": f"{folder}:"}
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units, as if this checkout stood where they look for it."""
    folder = shutil.copytree(SYSTEMD, tmp_path / "units")
    for file in folder.rglob("*.*"):
        if file.is_file():
            file.write_text(file.read_text().replace("/opt/veto/current", str(ROOT)))
    return folder


@NEEDED
def test_systemd_has_nothing_to_say_about_the_units(installed: Path) -> None:
    files = [installed / name for name in ("veto.target", *(f"{name}.service" for name in ALL))]
    done = analyzed(installed, "verify", *map(str, files))
    ours = [line for line in done.stderr.splitlines() if "veto" in line]  # the host's own units may have faults
    assert ours == []


@NEEDED
@pytest.mark.parametrize("name", ALL)
def test_a_unit_is_closed_but_for_what_it_needs(installed: Path, name: str) -> None:
    file = str(installed / f"{name}.service")
    done = analyzed(installed, "security", "--offline=yes", f"--threshold={MOST_EXPOSED * 10:.0f}", file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_target_wants_every_unit_that_stays() -> None:
    text = (SYSTEMD / "veto.target").read_text()
    wanted = next(line for line in text.splitlines() if line.startswith("Wants="))
    assert wanted.removeprefix("Wants=").split() == [f"{name}.service" for name in WANTED]
    there = {file.name.partition(".")[0].partition("@")[0] for file in SYSTEMD.glob("*.service")}
    assert there == {name.partition("@")[0] for name in ALL}


def test_only_migrations_know_the_owner_and_only_web_processes_count() -> None:
    assert [name for name in ALL if "EnvironmentFile" in unit(name).settings] == ["veto-migrate"]
    counting = [name for name in ALL if "PROMETHEUS_MULTIPROC_DIR" in unit(name).environment]
    assert counting == ["veto-web@8001", "veto-web@8002", "veto-metrics"]


def test_the_index_is_shared_and_the_decoder_may_confine_itself() -> None:
    for name in ALL:
        settings = unit(name).settings
        assert "INDEX_FOLDER" not in unit(name).environment  # /dev/shm, which no private /tmp takes away
        assert settings["NoNewPrivileges"] == "yes"
    common = (SYSTEMD / "veto-.service.d" / "veto.conf").read_text()
    assert "SystemCallFilter=@system-service landlock_create_ruleset landlock_restrict_self\n" in common
    assert "\nMemoryDenyWriteExecute=yes" not in common
