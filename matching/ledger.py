"""The ledger: what must hold again after the database was restored from a backup that is older.

What was erased must not come back, what was withdrawn must not be answered for, a revoked key must not open. Each such
act notes a random id in its transaction (`LedgerEntry`, an outbox); before success is told the line is in a file that
no restore of the database touches. The ids say nothing of anyone once their rows are gone, and the files go when no
backup is left that is older than they are.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, transaction

from matching.models import LedgerEntry

log = structlog.get_logger(__name__)

Kind = LedgerEntry.Kind
# Of these the last on a subject counts; every other kind is said beside them.
STATES = {
    Kind.PHOTO_ERASED,
    Kind.PHOTO_WITHDRAWN,
    Kind.PHOTO_RESTORED,
    Kind.PLATFORM_SUSPENDED,
    Kind.PLATFORM_RESUMED,
}
MARGIN = timedelta(days=7)  # that lines outlive the last backup they could be needed for


class LedgerError(Exception):
    """The ledger is not there, or not one; the message says where."""


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    kind: LedgerEntry.Kind
    subject: UUID


def note(kind: LedgerEntry.Kind, *subjects: UUID, **when: datetime) -> None:
    """In the caller's transaction; after its commit the caller asks `written`. `at`: from when, if not from now, on."""
    LedgerEntry.objects.bulk_create(LedgerEntry(kind=kind, subject=subject, **when) for subject in subjects)


def named(name: str) -> UUID:
    """The subject that stands for a row without a UUID. Numbers will not do: a restored database gives them again."""
    return uuid5(NAMESPACE_OID, name)


def written() -> bool:
    """Whether all that was noted before the call is in the file; else it waits for the next call, of any process.

    Every day has a file, so that a ledger which is not there was never one in which nothing stood.
    """
    try:
        with transaction.atomic(durable=True):
            due = list(LedgerEntry.objects.select_for_update().order_by("at"))
            if due or not today().exists():
                append(due)
                LedgerEntry.objects.filter(id__in=[entry.id for entry in due]).delete()
    except (DatabaseError, InterfaceError, OSError) as error:
        log.error("ledger_not_written", error=type(error).__name__)
        return False
    return True


def today() -> Path:
    return Path(settings.LEDGER_FOLDER, f"{datetime.now(UTC):%Y-%m-%d}.jsonl")


def append(entries: Iterable[LedgerEntry]) -> None:
    """To today's file; on the disk when it returns. Raises OSError."""
    lines = [
        json.dumps({"at": entry.at.isoformat(), "kind": entry.kind, "subject": str(entry.subject)}) for entry in entries
    ]
    path = today()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as file:
        file.write("\n".join(["", *lines, ""]))  # a new line first: a full disk may have torn the one before
        file.flush()
        os.fsync(file.fileno())
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def read(folder: Path) -> Iterator[Line]:
    """The last word on each subject, the oldest first; a line that a power cut has torn was told to nobody.

    Raises LedgerError.
    """
    files = sorted(folder.glob("????-??-??.jsonl"))
    if not files:
        raise LedgerError(f"there is no ledger in {folder}")
    last: dict[tuple[UUID, Kind | None], Line] = {}
    for file in files:
        for text in filter(None, file.read_text(errors="replace").splitlines()):
            try:
                said = json.loads(text)
                line = Line(datetime.fromisoformat(said["at"]), Kind(said["kind"]), UUID(said["subject"]))
            except (ValueError, KeyError, TypeError):
                log.warning("ledger_line_unreadable", file=file.name)
                continue
            of = line.subject, None if line.kind in STATES else line.kind
            if of not in last or _outweighs(line, last[of]):
                last[of] = line
    yield from sorted(last.values(), key=lambda line: line.at)


def _outweighs(line: Line, other: Line) -> bool:
    """What was erased stays so."""
    return line.kind == Kind.PHOTO_ERASED or (other.kind != Kind.PHOTO_ERASED and line.at >= other.at)


def purge(today: date) -> None:
    """Delete the files of days before the oldest backup's."""
    oldest = today - timedelta(days=settings.BACKUPS_KEPT_DAYS) - MARGIN
    for file in settings.LEDGER_FOLDER.glob("????-??-??.jsonl"):
        if file.stem < oldest.isoformat():
            file.unlink(missing_ok=True)
