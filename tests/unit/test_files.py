"""Which files a command over photos looks at."""

import os
from pathlib import Path
from typing import Any

import pytest

from matching.management.photos import files


def test_a_folder_is_walked_in_order_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b.jpg", ".hidden.jpg", "in/a.jpg", ".thumbnails/a.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "in" / "gone.jpg").symlink_to("nowhere")
    (tmp_path / "in" / "again").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "in" / "pipe")
    found = [path.relative_to(tmp_path).as_posix() for path in files([str(tmp_path)])]
    assert found == ["b.jpg", "in/a.jpg", "in/gone.jpg"]


def test_a_folder_that_may_not_be_read_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "locked").mkdir()
    scandir = os.scandir

    def refused(path: Any) -> Any:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)  # root, who runs these tests in places, may read everything
    assert files([str(tmp_path)]) == [tmp_path / "a.jpg", tmp_path / "locked"]
