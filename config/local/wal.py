"""PostgreSQL's log of changes, segment by segment, sealed for the holder of a key. PostgreSQL runs it as a script:

    python -I wal.py keep RECIPIENT FOLDER PATH NAME     (archive_command: a public key seals)
    python -I wal.py fetch IDENTITY_FILE FOLDER NAME PATH    (restore_command: the private one opens)

The format is age (age-encryption.org/v1): whoever has the identity can read it without Veto.
"""

import gzip
import os
import sys
from pathlib import Path

import pyrage


def keep(recipient: str, folder: Path, path: Path, name: str) -> None:
    """On the disk when it returns, whole or not at all. PostgreSQL gives a segment again after a crash: it is equal."""
    sealed = pyrage.encrypt(gzip.compress(path.read_bytes(), 1, mtime=0), [pyrage.x25519.Recipient.from_str(recipient)])
    draft, final = folder / f".{name}.new", folder / f"{name}.gz.age"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(final)
    directory = os.open(folder, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def fetch(identity_file: Path, folder: Path, name: str, path: Path) -> None:
    sealed = folder / f"{name}.gz.age"
    if not sealed.exists():
        sys.exit(1)  # as PostgreSQL expects it of what was never kept
    path.write_bytes(gzip.decompress(pyrage.decrypt(sealed.read_bytes(), [identity(identity_file)])))


def identity(file: Path) -> "pyrage.x25519.Identity":
    """Raises ValueError where the file holds none."""
    for line in file.read_text().splitlines():
        if line.startswith("AGE-SECRET-KEY-"):
            return pyrage.x25519.Identity.from_str(line.strip())
    raise ValueError(f"{file} holds no line AGE-SECRET-KEY-…")


if __name__ == "__main__":
    if sys.argv[1] == "keep":
        keep(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), sys.argv[5])
    else:
        fetch(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], Path(sys.argv[5]))
