"""Wherever this service may have written: files, rows, Valkey, what it sent, the kernel's own records of processes."""

import base64
import contextlib
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import redis
from psycopg import sql


def files(*places: Path) -> Iterator[tuple[str, bytes]]:
    """Each file of these and below them, by its path."""
    for place in places:
        for path in [place, *place.rglob("*")]:
            with contextlib.suppress(OSError):  # gone meanwhile
                if stat.S_ISREG(path.lstat().st_mode):
                    yield str(path), path.read_bytes()


def rows(url: str) -> Iterator[tuple[str, bytes]]:
    """Every column of every table, by its name; what Django packs is unpacked."""
    columns = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    with psycopg.connect(url) as connection:
        for table, column in connection.execute(columns).fetchall():
            values = connection.execute(
                sql.SQL("SELECT {} FROM {}").format(sql.Identifier(column), sql.Identifier(table))
            )
            for (value,) in values:
                data = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                yield f"{table}.{column}", data
                if column == "session_data":
                    yield f"{table}.{column}", unpacked(data)


def unpacked(data: bytes) -> bytes:
    """What django.core.signing has packed: base64 of JSON, compressed when it begins with a point."""
    body, _, _ = data.partition(b":")
    raw = base64.urlsafe_b64decode(body.lstrip(b".") + b"==")
    return zlib.decompress(raw) if body.startswith(b".") else raw


def entries(url: str) -> Iterator[tuple[str, bytes]]:
    """Everything in both databases of Valkey, by the kind of its key."""
    for number in (0, 1):
        with contextlib.closing(redis.Redis.from_url(url.replace("db=0", f"db={number}"))) as client:
            for key in client.scan_iter():
                kind = key.decode(errors="replace").split(":")[0]
                yield f"valkey {number} {kind}", key + b"\n" + (client.dump(key) or b"")


def processes(leader: int) -> Iterator[tuple[str, bytes]]:
    """Arguments and environment of every process of the service."""
    top = psutil.Process(leader)
    for process in [top, *top.children(recursive=True)]:
        for record in ("cmdline", "environ"):
            with contextlib.suppress(OSError, psutil.NoSuchProcess):
                yield f"{record} of a process", Path(f"/proc/{process.pid}/{record}").read_bytes()
