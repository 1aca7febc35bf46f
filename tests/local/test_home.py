"""VETO_HOME: private, one run at a time, secrets that stay."""

import base64
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.local import home as homes
from config.local.failure import LocalError
from config.local.home import ROOT, Home, chosen_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "with a space")


def test_it_stands_beside_manage_py_unless_one_is_named() -> None:
    assert chosen_home({}) == ROOT / ".veto"
    assert chosen_home({"VETO_HOME": "/a b/c"}) == Path("/a b/c")
    assert chosen_home({"VETO_HOME": "~/veto"}) == Path.home() / "veto"


def test_it_is_private_even_if_it_was_made_open(home: Home) -> None:
    home.path.mkdir(mode=0o755)
    home.open()
    home.close()
    assert home.path.stat().st_mode & 0o777 == 0o700


def test_an_open_folder_that_holds_other_things_is_refused_and_stays_open(home: Home) -> None:
    home.path.mkdir(mode=0o755)
    (home.path / "others").write_text("")
    with pytest.raises(LocalError, match="holds other files"):
        home.open()
    assert home.path.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in home.path.iterdir()] == ["others"]


def test_temporary_files_of_a_killed_run_go_with_the_next(home: Home) -> None:
    home.open()
    (home.temporary / "left").write_text("")
    home.close()
    home.open()
    home.close()
    assert list(home.temporary.iterdir()) == []


def test_secrets_are_private_and_stay(home: Home) -> None:
    home.open()
    first = home.keys().environment()
    home.close()
    again = Home(home.path)
    again.open()
    assert again.keys().environment() == first
    again.close()
    assert (home.path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(first["API_KEY_PEPPER"])) == len(bytes.fromhex(first["REF_KEY"])) == 32
    name, _, key = first["FINGERPRINT_KEYS"].partition(":")
    assert (name, len(base64.b64decode(key, validate=True))) == ("k1", 32)


@pytest.mark.parametrize(
    ("secret", "variable"),
    [("django", "DJANGO_SECRET_KEY"), ("pepper", "API_KEY_PEPPER"), ("fingerprints", "FINGERPRINT_KEYS")],
)
def test_a_secret_of_the_home_is_changed_and_what_it_was_is_kept_behind_it(
    home: Home, monkeypatch: pytest.MonkeyPatch, secret: str, variable: str
) -> None:
    from config.local.__main__ import main

    home.open()
    before = home.keys().environment()
    monkeypatch.setenv("VETO_HOME", str(home.path))
    monkeypatch.setattr("sys.argv", ["config.local", "rotate", secret])
    assert main() == 1  # it is in use
    home.close()
    assert (main(), main()) == (0, 0)
    home.open()
    after = home.keys().environment()
    second, first, old = after.pop(variable).split(",")
    assert old == before.pop(variable)
    assert len({old, first, second}) == 3
    assert after == before


def test_two_homes_share_no_secret(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        home = Home(tmp_path / name)
        home.open()
        found.append(set(home.keys().as_dict().values()))
        home.close()
    assert not found[0] & found[1]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"ref_key": "x"}', "\x00"])
def test_damaged_secrets_are_reported_and_never_replaced(home: Home, text: str) -> None:
    home.open()
    (home.path / "secrets.json").write_text(text)
    with pytest.raises(LocalError, match=r"secrets\.json is damaged"):
        home.keys()
    home.close()
    assert (home.path / "secrets.json").read_text() == text


def test_lost_secrets_are_not_made_anew_over_old_data(home: Home) -> None:
    home.open()
    home.postgres.mkdir()
    with pytest.raises(LocalError, match="Put the file back"):
        home.keys()
    home.close()


def test_a_second_run_on_the_same_home_is_refused_and_told_who_has_it(home: Home) -> None:
    home.open()
    with pytest.raises(LocalError, match=f"already runs .*process {os.getpid()}"):
        Home(home.path).open()
    home.close()
    Home(home.path).open()


def test_the_lock_of_a_killed_run_blocks_nothing(home: Home) -> None:
    script = (
        "import pathlib, sys, time, config.local.home as homes; home = homes.Home(pathlib.Path(sys.argv[1]));"
        "home.open(); print(1, flush=True); time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", script, str(home.path)], cwd=ROOT, stdout=subprocess.PIPE)
    with run:
        assert run.stdout is not None
        run.stdout.readline()
        with pytest.raises(LocalError, match="already runs"):
            home.open()
        run.send_signal(signal.SIGKILL)
        run.wait()
    home.open()
    home.close()


def test_a_place_where_nothing_can_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match=r"Cannot write in .*file/home .*Set VETO_HOME"):
        Home(tmp_path / "file" / "home").open()


def test_a_disk_that_is_nearly_full_is_reported_before_anything_starts(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(homes, "NEEDED_BYTES", 10**18)
    with pytest.raises(LocalError, match=r"Only [0-9]+ MB are free"):
        home.open()
    monkeypatch.undo()
    home.open()
    home.close()


def test_a_written_file_is_private_and_whole(home: Home) -> None:
    home.open()
    home.write("veto.env", "a" * 100)
    home.write("veto.env", "b")
    home.close()
    assert (home.path / "veto.env").read_text() == "b"
    assert (home.path / "veto.env").stat().st_mode & 0o777 == 0o600
    assert not (home.path / "veto.env.new").exists()
