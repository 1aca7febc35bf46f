"""Backups of the embedded PostgreSQL: whole copies, and between them its log of changes, for a bounded time.

All of it is sealed for a public key (age). The private one is nowhere near: only a restore needs it.
"""

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pyrage

from config.local.binaries import postgres_package, postgres_programs
from config.local.failure import LocalError
from config.local.wal import identity

WAL = Path(__file__).with_name("wal.py")
STAMP = "%Y%m%dT%H%M%SZ"
KEPT_DAYS = 30
SWITCH_S = 60  # after so long a segment is kept though it is not full: what a lost disk costs


@dataclass(frozen=True)
class Backups:
    """`folder` on another disk or machine than the data, of one home alone; `recipient` reads age1…"""

    folder: Path
    recipient: str
    kept: timedelta = timedelta(days=KEPT_DAYS)

    @classmethod
    def chosen(cls, environment: Mapping[str, str]) -> "Backups | None":
        """By BACKUP_FOLDER, BACKUP_RECIPIENT and BACKUPS_KEPT_DAYS. LocalError where one is wrong."""
        if not (folder := environment.get("BACKUP_FOLDER")):
            return None
        recipient, days = (
            environment.get("BACKUP_RECIPIENT", ""),
            environment.get("BACKUPS_KEPT_DAYS") or str(KEPT_DAYS),
        )
        try:
            pyrage.x25519.Recipient.from_str(recipient)
            return cls(Path(folder).expanduser().absolute(), recipient, timedelta(days=int(days)))
        except (pyrage.RecipientError, ValueError) as error:
            raise LocalError(
                "BACKUP_RECIPIENT must be a public key that reads age1…, and BACKUPS_KEPT_DAYS a number. "
                "`make backup-key` makes a pair of keys."
            ) from error

    @property
    def wal(self) -> Path:
        return self.folder / "wal"

    @property
    def bases(self) -> Path:
        return self.folder / "base"

    def settings(self, *, switch_s: int = SWITCH_S) -> dict[str, str]:
        """Of a PostgreSQL that keeps its log here."""
        for folder in (self.folder, self.wal, self.bases):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = shlex.join([sys.executable, "-I", str(WAL), "keep", self.recipient, str(self.wal)])
        return {"archive_mode": "on", "archive_command": f"{command} %p %f", "archive_timeout": f"{switch_s}s"}

    def make(self, owner_url: str) -> Path:
        """A whole copy of a server that runs, as its owner; older ones than are kept go."""
        started = datetime.now(UTC)
        final = self.bases / f"{started:{STAMP}}.tar.gz.age"
        draft = final.with_name(f".{final.name}.new")
        program = postgres_programs(postgres_package()) / "pg_basebackup"
        command = [str(program), "-d", owner_url, "-D", "-", "-F", "tar", "-X", "fetch", "-c", "fast", "-Z", "gzip:1"]
        environment = {"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)}
        self.bases.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with (
                os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
                subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
            ):
                pyrage.encrypt_io(process.stdout, file, [pyrage.x25519.Recipient.from_str(self.recipient)])
                file.flush()
                os.fsync(file.fileno())
                said = process.stderr.read().decode(errors="replace") if process.stderr else ""
            if process.returncode != 0:
                raise LocalError(f"The backup failed:\n{said}")
            draft.replace(final)
        finally:
            draft.unlink(missing_ok=True)
        self.expire(datetime.now(UTC))
        return final

    def made(self) -> dict[Path, datetime]:
        """The whole copies, and when each was begun."""
        return {path: stamped(path) for path in self.bases.glob("*.tar.gz.age")}

    def expire(self, now: datetime) -> None:
        """Delete copies older than are kept, and the log from before the oldest that is left."""
        made = self.made()
        oldest = min((at for at in made.values() if at >= now - self.kept), default=now - self.kept)
        for path, at in made.items():
            if at < oldest:
                path.unlink()
        for path in self.wal.glob("*.gz.age"):
            # What began before a copy is kept after it began: the log that a copy needs is younger than the copy.
            if not path.name.endswith(".history.gz.age") and path.stat().st_mtime < oldest.timestamp():
                path.unlink()

    def base_before(self, until: datetime) -> Path:
        """The last copy that had begun by then. LocalError where there is none."""
        bases = sorted(path for path, at in self.made().items() if at <= until)
        if not bases:
            raise LocalError(f"There is no backup of before {until.isoformat()} in {self.bases}.")
        return bases[-1]


def stamped(path: Path) -> datetime:
    return datetime.strptime(path.name.split(".")[0], STAMP).replace(tzinfo=UTC)


def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Raises tarfile.TarError for what is neither a file nor a folder below the one that is unpacked to."""
    path = Path(member.name)
    if not (member.isreg() or member.isdir()) or path.is_absolute() or ".." in path.parts:
        raise tarfile.ExtractError(f"{member.name} is no part of a copy of PostgreSQL")
    return member


def put_back(folder: Path, data: Path, identity_file: Path, until: datetime | None) -> Path:
    """Make a data folder that PostgreSQL, when it starts, rolls forward to `until`, or as far as the log goes.

    Returns the copy that was taken. LocalError where there is data already, or nothing that opens.
    """
    if data.exists():
        raise LocalError(f"{data} is there: move it away first. It may hold what the backup lacks.")
    backups = Backups(folder, "")
    base = backups.base_before(until or datetime.now(UTC))
    draft = data.with_name(f"{data.name}.restored")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    try:
        with opened(base, identity_file) as stream, tarfile.open(fileobj=stream, mode="r|gz") as tar:
            tar.extraction_filter = getattr(
                tarfile, "data_filter", None
            )  # 3.11.4 has it; what it refuses, `plain` does
            for member in tar:
                # Owned by us: as whom the server saw itself may be nobody here.
                tar.extract(plain(member), draft, set_attrs=False)
    except (pyrage.DecryptError, tarfile.TarError, ValueError, OSError) as error:
        raise LocalError(f"{base} cannot be opened with {identity_file}: {error}") from error
    fetch = shlex.join([sys.executable, "-I", str(WAL), "fetch", str(identity_file.absolute()), str(backups.wal)])
    target = f"recovery_target_time = '{until.isoformat()}'\n" if until else ""
    with (draft / "postgresql.auto.conf").open("a") as conf:
        conf.write(f"restore_command = '{fetch.replace(chr(39), chr(39) * 2)} %f %p'\n{target}")
        conf.write("recovery_target_action = 'promote'\nhot_standby = off\n")
    (draft / "recovery.signal").touch(0o600)
    draft.rename(data)
    return base


@contextlib.contextmanager
def opened(sealed: Path, identity_file: Path) -> Iterator[IO[bytes]]:
    """What was sealed, as a stream."""
    read_end, write_end = os.pipe()
    failure: list[Exception] = []

    def open_it() -> None:
        try:
            with os.fdopen(write_end, "wb") as writer, sealed.open("rb") as file:
                pyrage.decrypt_io(file, writer, [identity(identity_file)])
        except Exception as error:  # noqa: BLE001 (told where it is awaited)
            failure.append(error)

    thread = threading.Thread(target=open_it)
    thread.start()
    try:
        with os.fdopen(read_end, "rb") as reader:
            yield reader
    finally:
        thread.join()
    if failure and not isinstance(failure[0], BrokenPipeError):
        raise failure[0]


def settled(data: Path) -> None:
    """After the roll-forward: nothing of it is wanted at later starts."""
    conf = data / "postgresql.auto.conf"
    kept = [
        line for line in conf.read_text().splitlines(True) if not line.startswith(("restore_", "recovery_", "hot_"))
    ]
    conf.write_text("".join(kept))


def new_keys() -> dict[str, Any]:
    made = pyrage.x25519.Identity.generate()
    return {"public": str(made.to_public()), "private": str(made)}
