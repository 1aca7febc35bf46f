"""Compiled kernels are kept where that is possible, and never where others could put theirs."""

import stat
from pathlib import Path

import pytest

from config import kernels

NOWHERE = Path("/proc/nowhere")


def test_they_are_kept_beside_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "ROOT", tmp_path)
    assert Path(kernels.kernel_folder(NOWHERE)).is_relative_to(tmp_path / "matching" / "index")


def test_in_a_tree_that_is_only_read_they_are_kept_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "ROOT", NOWHERE)
    folder = Path(kernels.kernel_folder(tmp_path))
    assert folder.parent == tmp_path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_those_made_of_other_sources_are_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "ROOT", tmp_path)
    (tmp_path / "matching" / "index").mkdir(parents=True)
    source = tmp_path / "matching" / "index" / "intrinsics.py"
    source.write_text("one")
    before = kernels.kernel_folder(NOWHERE)
    assert kernels.kernel_folder(NOWHERE) == before
    source.write_text("two")
    assert kernels.kernel_folder(NOWHERE) != before


def test_where_nothing_may_be_written_a_process_has_a_private_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "ROOT", NOWHERE)
    folder = Path(kernels.kernel_folder(NOWHERE))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.rmdir()
