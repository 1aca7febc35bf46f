"""What was hashed already: a run that was stopped goes on where it was, and the next begins with what has not changed.

Outside of version control; holds hashes and thumbnails of the photos given, no picture. Keyed by the bytes of the
photo and by the code that hashes and alters, so that nothing stale is ever read.
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.profile import VETO_1

ROOT: Final = Path(__file__).resolve().parents[2]
FILE: Final = ROOT / "bench" / ".cache" / "quality.sqlite3"
_HASHING: Final = [
    ROOT / "matching" / "hashing" / f"{name}.py"
    for name in ("area", "details", "fingerprint", "hashes", "keypoints", "pdq", "pictures", "regions", "turns")
]
_ALTERING: Final = sorted((Path(__file__).parent / "alterations").glob("*.py"))


def hashing_version() -> str:
    """A digest of the code that makes hashes, and of the views of the profile; thresholds may change without it."""
    views = [VETO_1.views, *map(str, (VETO_1.stored, VETO_1.asked, VETO_1.asked_with_effort))]
    found = VETO_DETAILS_1.to_json()
    views += [found[name] for name in sorted(found.keys() - {"retrieval", "verification", "thresholds"})]
    return _digest(_HASHING, repr(views))


def altering_version() -> str:
    return _digest([*_HASHING, *_ALTERING], hashing_version())


def _digest(files: list[Path], also: str) -> str:
    found = hashlib.sha256(also.encode())
    for path in files:
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()[:24]


class Cache:
    """Blobs by version, photo and what was made of it."""

    def __init__(self, file: Path = FILE) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(file, timeout=60)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS made (version TEXT, photo TEXT, what TEXT, made BLOB, "
            "PRIMARY KEY (version, photo, what)) WITHOUT ROWID"
        )

    def of(self, version: str, photo: str) -> dict[str, bytes]:
        rows = self._connection.execute("SELECT what, made FROM made WHERE version = ? AND photo = ?", (version, photo))
        return dict(rows.fetchall())

    def names(self, version: str, photo: str) -> set[str]:
        rows = self._connection.execute("SELECT what FROM made WHERE version = ? AND photo = ?", (version, photo))
        return {what for (what,) in rows}

    def put(self, version: str, photo: str, made: Iterable[tuple[str, bytes]]) -> None:
        rows = [(version, photo, what, blob) for what, blob in made]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO made VALUES (?, ?, ?, ?)", rows)

    def keep_only(self, *versions: str) -> None:
        """Forget what older code made."""
        with self._connection:
            marks = ", ".join("?" * len(versions))
            self._connection.execute(f"DELETE FROM made WHERE version NOT IN ({marks})", versions)  # noqa: S608

    def close(self) -> None:
        self._connection.close()
