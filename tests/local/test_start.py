"""Small things around a start: the lock files, the example, the demo's photos, `.venv`."""

import shlex
from pathlib import Path

import pytest
from PIL import Image

from config.local import install
from config.local.application import Address
from config.local.copies import copies, remains
from config.local.demo import open_photo, same_picture
from config.local.example import curl, remembered_key
from config.local.failure import LocalError
from config.local.home import ROOT, Home
from config.local.locks import check_offline
from config.local.photos import NAMES, as_jpeg, photograph


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_requirement_is_locked(name: str) -> None:
    check_offline(name, ROOT / f"{name}.txt")


def test_a_requirement_that_is_not_locked_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(
        "\n".join(line for line in (ROOT / "requirements.txt").read_text().splitlines() if "celery" not in line)
    )
    with pytest.raises(LocalError, match=r"requirements\.txt does not lock celery.*make lock"):
        check_offline("requirements", lock)


def test_the_curl_can_be_pasted_whatever_the_path(tmp_path: Path) -> None:
    home = Home(tmp_path / 'it\'s a "home" $HOME')
    words = shlex.split(curl(home, Address("127.0.0.1", 8000), "veto_live_x"))
    assert words[:3] == ["curl", "-s", "http://127.0.0.1:8000/v1/check/image"]
    assert "Authorization: Bearer veto_live_x" in words
    assert words[-1] == f"@{home.path}/example.jpg"


@pytest.mark.parametrize("text", [None, "", "[]", "{}"])
def test_a_lost_or_damaged_example_key_is_simply_issued_anew(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "example.json").write_text(text)
    assert remembered_key(Home(tmp_path)) is None


def test_the_demo_s_photos_are_different_pictures_and_a_copy_is_not() -> None:
    one, another, third = (photograph(name) for name in NAMES)
    assert not same_picture(one, another)
    assert not same_picture(another, third)
    assert same_picture(one, one.resize((200, 200)).convert("RGB"))


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (640, 427)])
def test_the_demo_can_make_its_copies_of_any_size(size: tuple[int, int]) -> None:
    made = copies(Image.new("RGB", size, "red")) | remains(Image.new("RGB", size, "red"))
    assert len(made) == 9
    assert all(data.startswith(b"\xff\xd8") for data in made.values())


@pytest.mark.parametrize("content", [None, b"", b"text", as_jpeg(Image.new("L", (64, 64)))[:200]])
def test_a_bad_photo_is_named(tmp_path: Path, content: bytes | None) -> None:
    photo = tmp_path / "my photo.jpg"
    if content is not None:
        photo.write_bytes(content)
    with pytest.raises(LocalError, match=r"PHOTO=.*my photo\.jpg (is not an image|cannot be read)"):
        open_photo(photo)


def test_a_venv_is_complete_only_when_its_install_came_to_an_end_for_this_lock_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "VENV", tmp_path)
    lock = tmp_path / "requirements.txt"
    lock.write_text("one")
    assert not install.done(lock)
    install.mark_of(lock).write_text(install.fingerprint(lock))
    assert install.done(lock)
    lock.write_text("two")
    assert not install.done(lock)
    (tmp_path / "unfinished").touch()
    monkeypatch.setattr(install, "UNFINISHED", tmp_path / "unfinished")
    assert not install.healthy()
