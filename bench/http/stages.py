"""`python -m bench.http.stages FOLDER`: what the parts of an answer cost, milliseconds of CPU, without a server.

FOLDER holds JPEGs by kind. Loads the index first, which then lies in shared memory for the servers that come.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import django
import numpy as np
import orjson

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from bench.http import codes, questions  # noqa: E402
from matching import checks  # noqa: E402
from matching.api.schemas import CheckIn  # noqa: E402
from matching.follower import Follower  # noqa: E402
from matching.hashing.details import Details  # noqa: E402
from matching.hashing.hashes import query_of  # noqa: E402
from matching.hashing.keypoints import asked_details  # noqa: E402
from matching.hashing.pictures import pictures  # noqa: E402

T = TypeVar("T")
R = TypeVar("R")


def main(folder: Path) -> None:
    clock, cpu = time.perf_counter(), time.process_time()
    follower = Follower()
    follower.load()
    found: dict[str, Any] = {
        "load": {"wall_s": round(time.perf_counter() - clock, 1), "cpu_s": round(time.process_time() - cpu, 1)},
        "codes": len(follower.index),
    }
    asked = codes.asked(questions.COUNT)
    for kind, form in (("pdq", questions.plain), ("veto-1", questions.full), ("veto-1 packed", questions.packed)):
        parse, queries = timed(lambda body: CheckIn.model_validate(orjson.loads(body)).query, list(map(form, asked)))
        search, _ = timed(lambda query: follower.index.search(checks.comparable(query)), queries)
        ask, _ = timed(lambda query: checks.ask(follower, query, uses=["edit"], current=True), queries)
        found[kind] = {"parse": parse, "search": search, "decide": round(ask - search, 3)}
    for kind in sorted({path.stem.rpartition("-")[0] for path in folder.iterdir()}):
        images = [path.read_bytes() for path in sorted(folder.glob(f"{kind}-*.jpg"))]
        decode, opened = timed(pictures, images)
        hashes, queries = timed(lambda found: [query_of(found)], opened)
        search, _ = timed(follower.index.search, queries)
        extract, details = timed(lambda found: asked_details(found).to_bytes(coarse=False), opened)
        details_search, _ = timed(lambda data: follower.details.search(Details.from_bytes(data, coarse=False)), details)
        found[kind] = {"decode": decode, "hash": hashes, "search": search}
        found[kind] |= {"details": extract, "details_search": details_search}
    print(json.dumps(found))


def timed(do: Callable[[T], R], items: Sequence[T]) -> tuple[float, list[R]]:
    """The median, of a second pass."""
    for item in items[:20]:
        do(item)
    taken, made = [], []
    for item in items:
        started = time.thread_time()
        made.append(do(item))
        taken.append(1000 * (time.thread_time() - started))
    return round(float(np.median(taken)), 3), made


if __name__ == "__main__":
    main(Path(sys.argv[1]))
