"""`veto-check`, as its exit status and its lines."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from veto_client import command

from tests.integration.web import Web
from tests.pictures import encoded, picture


@pytest.fixture
def photos(web: Web, key: str, protected: Image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VETO_URL", f"http://127.0.0.1:{web.port}")
    monkeypatch.setenv("VETO_KEY", key)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "free.png").write_bytes(encoded(picture(61), "PNG"))
    (tmp_path / "kept.jpg").write_bytes(encoded(protected))
    (tmp_path / "notes.txt").write_text("no image")
    return tmp_path


def test_a_folder_is_gone_through_and_the_worst_is_the_exit_status(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(photos), "--uses", "edit,train", "--json"]) == command.REFUSED
    free, kept = map(json.loads, capsys.readouterr().out.splitlines())
    assert (free["result"], kept["result"]) == ("no_match", "protected")
    assert kept["uses"] == {"edit": "denied", "train": "no_match"}
    assert command.main([str(photos / "below")]) == command.FREE
    assert command.main([str(photos / "notes.txt"), str(photos / "kept.jpg")]) == command.FAILED
    out = capsys.readouterr().out
    assert "notes.txt: unreadable: This is not an image of an accepted format" in out
    assert "kept.jpg: protected (" in out


def test_standard_input_is_asked(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((photos / "kept.jpg").read_bytes())))
    assert command.main(["-", "--uses", "edit"]) == command.REFUSED


def test_what_keeps_it_from_asking_is_said(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([str(photos / "kept.jpg"), "--url", "http://127.0.0.1:9"]) == command.UNREACHABLE
    assert "unavailable: ConnectError" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        command.main([str(photos), "--uses", "edits"])
    assert ended.value.code == command.FAILED
    assert "unknown use edits; the uses are sexualise" in capsys.readouterr().err
