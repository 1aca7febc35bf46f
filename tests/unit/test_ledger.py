"""The ledger's files: the last word counts, an erasure is final, torn lines are passed, old days go."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from matching import ledger
from matching.ledger import Kind


def line(second: int, kind: Kind, subject: UUID) -> str:
    return f'{{"at": "2026-11-25T10:00:{second:02}+00:00", "kind": "{kind}", "subject": "{subject}"}}\n'


def read(folder: Path) -> list[tuple[Kind, UUID]]:
    return [(each.kind, each.subject) for each in ledger.read(folder)]


def test_the_last_word_on_a_subject_counts_whatever_the_order_of_lines(tmp_path: Path) -> None:
    photo, other, gone = uuid4(), uuid4(), uuid4()
    (tmp_path / "2026-11-25.jsonl").write_text(
        line(3, Kind.PHOTO_RESTORED, photo)
        + line(1, Kind.PHOTO_WITHDRAWN, photo)
        + line(2, Kind.DETAILS_DROPPED, photo)
        + line(4, Kind.PHOTO_ERASED, gone)
        + line(5, Kind.PHOTO_WITHDRAWN, gone)
        + line(6, Kind.PHOTO_WITHDRAWN, other)
    )
    assert read(tmp_path) == [
        (Kind.DETAILS_DROPPED, photo),
        (Kind.PHOTO_RESTORED, photo),
        (Kind.PHOTO_ERASED, gone),
        (Kind.PHOTO_WITHDRAWN, other),
    ]


def test_a_torn_line_hides_no_other(tmp_path: Path) -> None:
    one, two = uuid4(), uuid4()
    whole = line(1, Kind.PHOTO_ERASED, one)
    (tmp_path / "2026-11-24.jsonl").write_text(whole + whole[:40] + "\n" + line(2, Kind.PHOTO_ERASED, two))
    assert read(tmp_path) == [(Kind.PHOTO_ERASED, one), (Kind.PHOTO_ERASED, two)]


def test_no_files_are_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(ledger.LedgerError, match="there is no ledger in"):
        read(tmp_path)


def test_a_day_is_kept_a_week_longer_than_the_backups(tmp_path: Path, settings: Any) -> None:
    settings.LEDGER_FOLDER, settings.BACKUPS_KEPT_DAYS = tmp_path, 30
    for day in ("2026-10-18", "2026-10-19", "2026-11-25"):
        (tmp_path / f"{day}.jsonl").touch()
    ledger.purge(date(2026, 11, 25))
    assert {file.stem for file in tmp_path.iterdir()} == {"2026-10-19", "2026-11-25"}
