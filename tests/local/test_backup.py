"""Backups: sealed for a key that is not there, kept for a bounded time, and put back by the commands that say so."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest

from config.local.backup import STAMP, Backups, new_keys, plain, put_back
from config.local.failure import LocalError
from config.local.home import ROOT
from config.local.wal import fetch, keep
from tests.local.test_run import running

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SEGMENT = b"a segment of the log" * 1000


@pytest.fixture
def backups(tmp_path: Path) -> Backups:
    made = Backups(tmp_path / "backups", new_keys()["public"])
    made.settings()
    return made


def made(folder: Path, name: str, at: datetime) -> Path:
    path = folder / name
    path.touch()
    os.utime(path, (at.timestamp(),) * 2)
    return path


def test_a_segment_is_sealed_and_comes_back_for_the_holder_of_the_key_alone(tmp_path: Path) -> None:
    keys, others = new_keys(), new_keys()
    for name, pair in (("ours", keys), ("others", others)):
        (tmp_path / name).write_text(f"# a comment\n{pair['private']}\n")
    (tmp_path / "segment").write_bytes(SEGMENT)
    for _ in range(2):  # PostgreSQL gives it again after a crash
        keep(keys["public"], tmp_path, tmp_path / "segment", "000000010000000000000001")
    [kept] = tmp_path.glob("*.age")
    assert kept.read_bytes().startswith(b"age-encryption.org/v1\n")
    assert oct(kept.stat().st_mode & 0o777) == "0o600"
    fetch(tmp_path / "ours", tmp_path, "000000010000000000000001", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == SEGMENT
    with pytest.raises(pyrage.DecryptError):
        fetch(tmp_path / "others", tmp_path, "000000010000000000000001", tmp_path / "back")
    with pytest.raises(SystemExit):
        fetch(tmp_path / "ours", tmp_path, "000000010000000000000002", tmp_path / "back")


def test_what_is_older_than_is_kept_goes_and_what_a_copy_needs_stays(backups: Backups) -> None:
    copies = {days: NOW - timedelta(days=days) for days in (31, 29, 1)}
    for at in copies.values():
        made(backups.bases, f"{at:{STAMP}}.tar.gz.age", at)
    before = made(backups.wal, "1.gz.age", copies[29] - timedelta(minutes=1))
    needed = made(backups.wal, "2.gz.age", copies[29] + timedelta(minutes=1))
    history = made(backups.wal, "00000002.history.gz.age", copies[31])
    backups.expire(NOW)
    assert {path.name for path in backups.bases.iterdir()} == {f"{copies[days]:{STAMP}}.tar.gz.age" for days in (29, 1)}
    assert (before.exists(), needed.exists(), history.exists()) == (False, True, True)


def test_nothing_is_put_back_over_data_or_from_before_the_first_copy(backups: Backups, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(LocalError, match="move it away first"):
        put_back(backups.folder, tmp_path / "data", tmp_path / "key", None)
    made(backups.bases, f"{NOW:{STAMP}}.tar.gz.age", NOW)
    with pytest.raises(LocalError, match="no backup of before 2026-11-25T11"):
        put_back(backups.folder, tmp_path / "new", tmp_path / "key", NOW - timedelta(hours=1))


def test_what_would_leave_the_folder_or_be_no_file_is_not_unpacked() -> None:
    link = tarfile.TarInfo("pg_wal/link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    for member in (tarfile.TarInfo("../beside"), tarfile.TarInfo("/etc/passwd"), link):
        with pytest.raises(tarfile.TarError, match="no part of a copy"):
            plain(member)
    assert plain(tarfile.TarInfo("base/1/PG_VERSION")).name == "base/1/PG_VERSION"


@pytest.mark.parametrize(("name", "value"), [("BACKUP_RECIPIENT", "age1"), ("BACKUPS_KEPT_DAYS", "many")])
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    right = {"BACKUP_FOLDER": "/backups", "BACKUP_RECIPIENT": new_keys()["public"]}
    assert Backups.chosen({}) is None
    assert Backups.chosen(right | {"BACKUPS_KEPT_DAYS": "7"}).kept == timedelta(days=7)  # type: ignore[union-attr]
    with pytest.raises(LocalError, match=name):
        Backups.chosen(right | {name: value})


@pytest.mark.long
def test_the_commands_back_up_what_runs_and_put_it_back(tmp_path: Path, free_port: int, place: str) -> None:
    keys = new_keys()
    (tmp_path / "key").write_text(keys["private"])
    home = tmp_path / "home"
    given = {"BACKUP_FOLDER": str(tmp_path / "backups"), "BACKUP_RECIPIENT": keys["public"]}

    def command(*words: str) -> "subprocess.CompletedProcess[str]":
        environment = {"PATH": os.defpath, "VETO_HOME": str(home), "TMPDIR": place} | given
        line = [sys.executable, "-m", "config.local", *words]
        return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    with running(home, free_port, place, **given) as run:
        run.await_curl()
        photo = json.loads(command_of(home, "protect_photo", str(home / "example.jpg")))
        done = command("backup")
        assert done.returncode == 0, done.stderr
        command_of(home, "withdraw_photo", photo["ref"])  # which only the log of changes and the ledger have
    shutil.rmtree(home / "postgres")
    done = command("restore", "--identity", str(tmp_path / "key"))
    assert done.returncode == 0, done.stderr + (home / "logs" / "postgres.log").read_text()
    said = next(json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    assert (said["complete"], said["done_again"]) == (False, {"photo.withdrawn": 1})
    assert "move it away first" in command("restore", "--identity", str(tmp_path / "key")).stderr
    assert b"recovery_target" not in (home / "postgres" / "postgresql.auto.conf").read_bytes()


def command_of(home: Path, *words: str) -> str:
    environment = {"PATH": os.defpath, "VETO_HOME": str(home), "HOME": str(home)}
    line = [sys.executable, "manage.py", *words]
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
