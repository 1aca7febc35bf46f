"""The command line, as a person at the server uses it: other processes, real exit codes."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import tty
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from consent import actions
from consent.models import Person, Photo
from tests.browser.people import fingerprint
from tests.integration.web import ROOT
from tests.pictures import encoded, picture

pytestmark = pytest.mark.usefixtures("committed")


def manage(*arguments: str, **environment: str) -> tuple[int, list[dict[str, Any]], str]:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photos in a tree, one of them hidden from a walk, and a file that only says it is a photo."""
    (tmp_path / "summer" / "sea").mkdir(parents=True)
    (tmp_path / ".thumbnails").mkdir()
    seed = abs(hash(str(tmp_path)))
    (tmp_path / "summer" / "a.jpg").write_bytes(encoded(picture(seed)))
    (tmp_path / "summer" / "sea" / "été 1.png").write_bytes(encoded(picture(seed + 1), "PNG"))
    (tmp_path / ".thumbnails" / "a.jpg").write_bytes(encoded(picture(seed)))
    (tmp_path / "summer" / "note.jpg").write_text("not a photo")
    return tmp_path


def test_a_folder_is_protected_checked_and_withdrawn(folder: Path) -> None:
    code, said, _ = manage("protect_photo", str(folder), "--uses", "edit,train", "--assurance", "1")
    assert code == 1  # one file is no photo, which did not stop the others
    assert [Path(line["path"]).name for line in said] == ["a.jpg", "note.jpg", "été 1.png"]
    assert said[1]["code"] == "unsupported-image"
    photos = [line for line in said if "ref" in line]
    assert [line["uses"] for line in photos] == [["sexualise", "likeness", "animate", "edit", "train"]] * 2

    code, asked, _ = manage("check_photo", *(line["path"] for line in photos), "--uses", "train")
    assert code == 0
    assert [line["result"] for line in asked] == ["protected", "protected"]

    code, withdrawn, _ = manage("withdraw_photo", *(line["ref"] for line in photos), "pho_nothing")
    assert code == 1
    assert [line.get("state", line.get("code")) for line in withdrawn] == ["withdrawn", "withdrawn", "not-found"]

    code, asked, _ = manage("check_photo", *(line["path"] for line in photos))
    assert (code, [line["result"] for line in asked]) == (0, ["no_match", "no_match"])


def test_a_blank_photo_and_a_missing_one_are_clear_errors(tmp_path: Path) -> None:
    from PIL import Image

    blank = tmp_path / "blank.png"
    Image.new("RGB", (300, 300), "white").save(blank)
    code, said, _ = manage("protect_photo", str(blank), str(tmp_path / "nowhere.jpg"))
    assert code == 1
    assert [line["code"] for line in said] == ["low-quality", "unreadable-file"]
    code, said, _ = manage("check_photo", str(blank))
    assert (code, said[0]["result"]) == (0, "indeterminate")


def test_an_unknown_use_names_the_known_ones(folder: Path) -> None:
    code, said, error = manage("protect_photo", str(folder), "--uses", "edit,fly")
    assert (code, said) == (1, [])
    assert "unknown use 'fly'; the uses are sexualise, likeness" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("none", ["", ","])
def test_no_use_at_all_is_an_error_and_never_no_match(folder: Path, none: str) -> None:
    for command in ("protect_photo", "check_photo"):
        code, said, error = manage(command, str(folder), "--uses", none)
        assert (code, said) == (1, [])
        assert "name at least one use; the uses are sexualise, likeness" in error


def test_names_that_are_hard_to_say_and_paths_that_lead_nowhere_stop_nothing(folder: Path) -> None:
    photo = folder / "summer" / "a.jpg"
    odd = folder / "summer" / os.fsdecode(b"caf\xe9.jpg")
    odd.write_bytes(photo.read_bytes())
    code, said, error = manage("check_photo", "", "x" * 300, str(odd), str(photo), PYTHONIOENCODING="utf-8:strict")
    assert code == 1
    assert [line.get("code", line.get("result")) for line in said] == [
        "unreadable-file", "unreadable-file", "no_match", "no_match",
    ]  # fmt: skip
    assert said[2]["path"] == str(odd)
    assert "Traceback" not in error


def test_a_folder_without_a_file_is_an_error(tmp_path: Path) -> None:
    code, said, error = manage("protect_photo", str(tmp_path))
    assert (code, said) == (1, [])
    assert f"there is no file in {tmp_path}" in error


def test_progress_is_shown_on_a_terminal_and_the_answers_stay_apart(folder: Path) -> None:
    ours, terminal = pty.openpty()
    tty.setraw(terminal)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    photo = str(folder / "summer" / "a.jpg")
    with os.fdopen(ours, "rb", buffering=0) as shown:
        command = [sys.executable, "manage.py", "check_photo", photo, photo]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=terminal, timeout=120, check=False)
        os.close(terminal)
        seen = shown.read(65536)
    assert (done.returncode, len([json.loads(line) for line in done.stdout.splitlines()])) == (0, 2)
    assert b"0/2" in seen


def test_without_settings_a_command_says_what_is_missing() -> None:
    code, said, error = manage("check_photo", "a.jpg", VETO_ENV_FILE="/no/such", DATABASE_URL="", REDIS_URL="")
    assert (code, said) == (1, [])
    assert error.startswith("DATABASE_URL: Field required; REDIS_URL: Field required")
    assert "Traceback" not in error


def test_without_a_database_each_command_says_so_plainly(folder: Path) -> None:
    away = {"DATABASE_URL": "postgresql://veto_app@127.0.0.1:1/veto"}
    photo = str(folder / "summer" / "a.jpg")
    code, said, error = manage("protect_photo", photo, **away)
    assert (code, said[0]["code"]) == (1, "overloaded")
    assert "Traceback" not in error
    code, _, error = manage("check_photo", photo, **away)
    assert code == 1
    assert "nothing is known of these photos" in error
    assert "Traceback" not in error
    for words in (["issue_key", "--platform", "Away"], ["declare_complete", "1"], ["release_photos", "--all"]):
        code, said, error = manage(*words, **away)
        assert (code, said) == (1, [])
        assert error.startswith("The database refused or did not answer: ")


def test_without_redis_a_photo_is_saved_and_taking_effect(folder: Path) -> None:
    photo = str(folder / "summer" / "a.jpg")
    code, [said], _ = manage("protect_photo", photo, REDIS_URL="redis://127.0.0.1:1/0")
    assert (code, said["state"]) == (0, "taking effect")
    # PostgreSQL is asked in its stead: what is saved is found, whether it was published or not.
    code, [asked], _ = manage("check_photo", photo, REDIS_URL="redis://127.0.0.1:1/0")
    assert (code, asked["result"]) == (0, "protected")


def test_a_key_is_issued_and_revoked() -> None:
    code, [issued], _ = manage("issue_key", "--platform", "By hand", "--scopes", "check,report", "--test")
    assert code == 0
    assert issued["key"].startswith(f"veto_test_{issued['kid']}_")
    assert manage("revoke_key", issued["kid"])[1] == [{"kid": issued["kid"], "state": "revoked"}]
    code, [said], _ = manage("revoke_key", "nobody")
    assert (code, said["code"]) == (1, "not-found")


def test_photos_that_wait_are_released_by_name_or_all_of_them() -> None:
    person = Person.objects.create(username=uuid4().hex)
    one, two, withdrawn = (
        actions.add_photo(by=person, fingerprints=[fingerprint()], refuse=["edit"], pending=True).photo
        for _ in range(3)
    )
    actions.withdraw_photos(by=person, photos=[withdrawn])
    code, said, _ = manage("release_photos", one.ref, "pho_nothing")
    assert (code, [line.get("state", line.get("code")) for line in said]) == (1, ["released", "not-found"])
    assert set(Photo.objects.of(person).in_state(Photo.State.PENDING)) == {two}
    code, said, _ = manage("release_photos", "--all")
    assert code == 0
    assert {two.ref, withdrawn.ref} <= {line["ref"] for line in said}
    assert set(Photo.objects.of(person).in_state(Photo.State.PROTECTED)) == {one, two}
    code, _, told = manage("release_photos")
    assert (code, "name the refs of photos, or give --all" in told) == (1, True)
