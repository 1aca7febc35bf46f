"""VETO_HOME: the one folder where a Veto on one machine keeps its data, its secrets and its logs."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from config.local.failure import LocalError
from config.local.keys import Keys

ROOT = Path(__file__).resolve().parents[2]
FULL_BYTES = 20 * 1024 * 1024  # PostgreSQL adds 16 MB to its log of changes at a time
NEEDED_BYTES = 256 * 1024 * 1024  # a new PostgreSQL takes 60 MB, and its log of changes needs room to turn over


def chosen_home(environment: Mapping[str, str]) -> Path:
    given = environment.get("VETO_HOME")
    return Path(given).expanduser().absolute() if given else ROOT / ".veto"


class Home:
    """Opened by one process at a time. The lock goes with the process, so a killed run never blocks the next."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def environment_file(self) -> Path:
        return self.path / "veto.env"

    @property
    def temporary(self) -> Path:
        """For temporary files of the application's processes: in /tmp those of a killed one would stay."""
        return self.path / "temporary"

    def log(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    def open(self) -> None:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_private()
            self._take_lock()
            (self.path / "logs").mkdir(mode=0o700, exist_ok=True)
            shutil.rmtree(self.temporary, ignore_errors=True)  # what a killed run left
            self.temporary.mkdir(mode=0o700)
            with tempfile.TemporaryFile(dir=self.path):
                pass
            free = self.free_bytes()
        except OSError as error:
            self.close()
            raise LocalError(
                f"Cannot write in {self.path} ({error.strerror}). Set VETO_HOME to a folder of yours, "
                "for example `VETO_HOME=~/veto make run`."
            ) from error
        if free < NEEDED_BYTES:
            self.close()
            raise LocalError(
                f"Only {free // 1_000_000} MB are free on the disk of {self.path}; Veto needs "
                f"{NEEDED_BYTES // 1_000_000} MB. Free some space, or set VETO_HOME to a folder on another disk."
            )

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.path).free

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def keys(self) -> Keys:
        """Made on the first start, kept ever after: what they encrypt cannot be read without them."""
        file = self.path / "secrets.json"
        if not file.exists():
            if self.postgres.exists():
                raise LocalError(
                    f"{file} is gone but {self.postgres} is there, and its data cannot be read without the former. "
                    "Put the file back, or move the whole folder away to begin anew."
                )
            self.keep(Keys.new())
        try:
            file.chmod(0o600)
            return Keys.from_dict(json.loads(file.read_text()))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LocalError(
                f"{file} is damaged ({error}). Put back a copy of it, or move the whole folder away to begin anew."
            ) from error

    def keep(self, keys: Keys) -> None:
        self.write("secrets.json", json.dumps(keys.as_dict(), indent=1))

    def write(self, name: str, text: str) -> Path:
        """All of it or nothing, for our eyes only."""
        file, draft = self.path / name, self.path / f"{name}.new"
        draft.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
                handle.write(text)
                handle.flush()
                os.fsync(handle.fileno())
            draft.replace(file)
        except OSError as error:
            raise LocalError(f"Cannot write {file} ({error.strerror}).") from error
        return file

    def _make_private(self) -> None:
        """A home of ours or an empty folder. Others may need to reach what else lies here: /etc, a home directory."""
        if self.path.stat().st_mode & 0o077:
            if not (self.path / "secrets.json").exists() and any(self.path.iterdir()):
                raise LocalError(
                    f"{self.path} is open to others and holds other files. Set VETO_HOME to a folder of its own, "
                    f"for example `VETO_HOME={self.path / 'veto'}`."
                )
            self.path.chmod(0o700)

    def _take_lock(self) -> None:
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 32, 0).decode(errors="replace").strip()
            self.close()
            raise LocalError(
                f"Veto already runs on {self.path} (process {holder or 'unknown'}). Stop it with Ctrl-C in its "
                "terminal, or start a second one with a VETO_HOME and a PORT of its own."
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)
