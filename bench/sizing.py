"""`make sizing`: what a photo takes in PostgreSQL, and what each process takes in memory. The last line is JSON.

Photos are registered one by one as people do it, with 16 hashes and 100 keypoints, on services that go with it. Memory
is a process's own (USS) and its share of what it has in common with others (PSS), after images were asked about.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import django
import numpy as np
import psutil

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from tqdm import tqdm  # noqa: E402

from bench.http import client, codes, questions  # noqa: E402
from bench.http.__main__ import await_ready, run  # noqa: E402
from config.local.application import Address, programs  # noqa: E402
from consent import actions  # noqa: E402
from consent.models import Person  # noqa: E402

IMAGES: Final = 200
MIB: Final = 1024 * 1024
SIZES: Final = """
SELECT relname, pg_total_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC
"""


def main(photos: int) -> None:
    call_command("migrate", verbosity=0)
    found = {"photos": photos, "postgresql": of_photos(photos), "processes": of_processes()}
    print(json.dumps(found))


def of_photos(photos: int) -> dict[str, Any]:
    """Bytes a photo, by table with its indexes, and and of the log of changes."""
    person = Person.objects.operator()
    random = np.random.default_rng(25)
    before, log_before = sizes()
    for _ in tqdm(range(photos)):
        bits, textures = (codes.pdq_like(len(codes.VIEWS), random).tobytes() for _ in range(2))
        photo = codes.fingerprint(bits, textures, 0)
        actions.protect_photo(by=person, fingerprints=[photo], refuse=["edit"], details=codes.details(random))
    after, log_after = sizes()
    grown = {table: round((size - before.get(table, 0)) / photos) for table, size in after.items()}
    return {
        "bytes_a_photo": sum(grown.values()),
        "tables": {table: size for table, size in grown.items() if size > 0},
        "log_bytes_a_photo": round((log_after - log_before) / photos),
    }


def sizes() -> tuple[dict[str, int], int]:
    """Of tables with what belongs to them, and how far the log of changes has come."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(SIZES)
        tables = dict(cursor.fetchall())
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return tables, int(cursor.fetchone()[0])


def of_processes() -> dict[str, Any]:
    """MiB of each, as they run after a start that compiles nothing any more."""
    address = Address.free()
    key = json.loads(run(os.environ, "manage", "issue_key", "--platform", "sizing", "--json"))["key"]
    images = [questions.jpeg(questions.picture(number, (1600, 1004)), 80) for number in range(20)]
    with tempfile.TemporaryDirectory() as folder:
        known = programs(address, workers="2", folder=Path(folder))
        started = {name: subprocess.Popen([sys.executable, "-m", *arguments]) for name, arguments in known.items()}
        try:
            await_ready(address)
            client.flood(address.port, questions.of_images(images, key), seconds=IMAGES / 20, connections=4)
            return {name: of_process(started[name].pid) for name in started}
        finally:
            for process in started.values():
                process.terminate()
            for process in started.values():
                process.wait()


def of_process(pid: int) -> dict[str, Any]:
    """By kind of process: how many there are, and of one its USS and PSS."""
    top = psutil.Process(pid)
    seen: dict[str, list[Any]] = defaultdict(list)
    for process in (top, *top.children(recursive=True)):
        with suppress(psutil.Error):  # a child that has read its image
            decoder = "matching.hashing.decoder_process" in process.cmdline()
            kind = "decoder" if decoder else "main" if process.pid == pid else "child"
            seen[kind].append(process.memory_full_info())
    return {
        kind: {
            "count": len(each),
            "uss_mib": round(max(one.uss for one in each) / MIB),
            "pss_mib": round(max(one.pss for one in each) / MIB),
        }
        for kind, each in seen.items()
    }


if __name__ == "__main__":
    main(int(os.environ.get("PHOTOS_REGISTERED") or 3000))
