"""Short private folders in the temporary directory, for sockets and throw-away homes, that leave nothing behind.

Each holds a locked file for as long as its maker lives. Whoever makes the next one removes those whose lock is
free: what a killed process left, and only that (a lock is true across containers, a process id is not).
"""

import atexit
import fcntl
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from config.local.failure import LocalError

PREFIX = "veto-"
LOCK = ".lock"
MEMORY = Path("/dev/shm")  # noqa: S108 (folders made by mkdtemp, 0700)
LONGEST_BASE = 60  # a socket's path has at most 107 bytes (sun_path in unix(7))
PLAIN = re.compile(r"[A-Za-z0-9_./-]+")  # needs no quoting in any URL


def base() -> Path:
    wanted = Path(tempfile.gettempdir()).resolve()
    if PLAIN.fullmatch(str(wanted)) and len(str(wanted)) <= LONGEST_BASE:
        return wanted
    return Path("/tmp")  # noqa: S108 (made by mkdtemp, 0700)


class PrivateFolder:
    """A folder of mode 0700. `create` after `remove` makes the same path again, so URLs stay true."""

    def __init__(self, kind: str, place: Path | None = None) -> None:
        """In the temporary directory, or in another place. LocalError where it cannot be made."""
        place = place or base()
        try:
            self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{kind}-", dir=place))
        except OSError as error:
            raise LocalError(f"Cannot make a folder in {place} ({error.strerror}): free some space.") from error
        self._lock: int | None = None
        self._hold()

    def create(self) -> None:
        if self._lock is None:
            self.path.mkdir(mode=0o700)
            self._hold()

    def remove(self) -> None:
        if self._lock is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = None
            atexit.unregister(self.remove)

    def _hold(self) -> None:
        """Locked before it gets its name: a sweeper never meets it unlocked."""
        unnamed = self.path / f"{LOCK}.new"
        self._lock = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unnamed.rename(self.path / LOCK)
        atexit.register(self.remove)


class NewFolder:
    """A folder at a given place, which must not be there yet, so that its removal can take nothing else along."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            self.path.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise LocalError(f"Cannot make the folder {self.path} ({error.strerror}).") from error

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def sweep() -> None:
    """Remove what processes of this user left when they were killed."""
    for place in (base(), MEMORY):
        for folder in place.glob(f"{PREFIX}*-*"):
            if _abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    try:
        about = folder.lstat()
        if not stat.S_ISDIR(about.st_mode) or (about.st_uid != os.geteuid() and os.geteuid() != 0):
            return False
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(lock)
