"""`python -m bench.index.details`: writes bench/results/details-index.json.

Registries of real keypoints, each again and again with other bits and its place moved, asked with photos that are not
in them (`strangers`) and with altered copies of photos that are (`copies`); where it can be, beside the plain index and
beside verifying every part. Times are CPU milliseconds of one thread.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from bench.index.__main__ import MEMORY, RESULTS, elapsed
from bench.index.data import TODAY, protections
from bench.index.details_data import Registry, jittered
from bench.machine import machine
from bench.quality.hashing import hash_all
from bench.quality.sets import photos
from matching.hashing.details import Details
from matching.hashing.details_profile import VETO_DETAILS_1
from matching.index.agreement_kernels import verify
from matching.index.details import PlainDetailsIndex
from matching.index.details_segment import DetailsSegment, Rules
from matching.index.details_segmented import SegmentedDetailsIndex, View, warm
from matching.index.interface import Claim, Hit
from matching.index.shared import Origin, SharedSegment

MOST: Final = 800  # photos that are hashed: half are registered, half are strangers
COPIED: Final = 50
ALTERATIONS: Final = ("crop/60 % of each side", "edit-40/painted 50 %", "chat/light", "chain-hard/mirror → chat")
PLAIN_MOST: Final = 10_000  # photos
LINEAGE: Final = uuid.UUID(int=0)
ORIGIN: Final = Origin(str(LINEAGE), 1, 1, "")

Ask = Callable[[Details], Sequence[Hit]]
Copies = list[tuple[int, Details]]  # with the number of the photo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photos")
    parser.add_argument("--sizes", default="10000,100000,1000000", help="photos, with commas between")
    parser.add_argument("--results", type=Path, default=RESULTS.with_name("details-index.json"))
    given = parser.parse_args()
    warm()
    found = photos(str(given.photos))
    found = found[:: max(1, len(found) // MOST)][:MOST]
    wanted = [ALTERATIONS if not at % 2 and at < 2 * COPIED else () for at in range(len(found))]
    hashed = list(hash_all(found, wanted, "details"))
    kept = [each for each in hashed[::2] if each.itself.kept]
    stored = [Details.from_bytes(each.itself.kept, coarse=True) for each in kept]
    strangers = [Details.from_bytes(each.itself.details, coarse=False) for each in hashed[1::2]]
    copies = [
        (number, Details.from_bytes(copy.details, coarse=False))
        for number, each in enumerate(kept)
        for copy in each.copies.values()
    ]
    tables = []
    for size in map(int, given.sizes.split(",")):
        tables.append(of(size, stored, strangers[:100], copies))
        print(json.dumps(tables[-1]), flush=True)
    figures = {"machine": machine(numpy=np.__version__), "load_1m": os.getloadavg()[0], "tables": tables}
    given.results.write_text(json.dumps(figures, indent=1) + "\n")


def of(size: int, stored: list[Details], strangers: list[Details], copies: Copies) -> dict[str, Any]:
    rules = Rules()
    with TemporaryDirectory(dir=MEMORY, prefix="veto-bench-") as folder:
        there = SharedSegment(Path(folder), LINEAGE, rules, "bench", bytes(32))
        registry = jittered(stored, size, np.random.default_rng(size))
        began = time.process_time()
        segment = there.write(registry.segment(rules), ORIGIN)
        built = time.process_time() - began
        index = SegmentedDetailsIndex.of(segment, rules)
        taken = there.path.stat().st_size
        table = {
            "photos": size,
            "keypoints": len(index),
            "gigabytes": round(taken / 1e9, 3),
            "bytes_per_keypoint": round(taken / len(index), 1),
            "build_cpu_s": round(built, 2),
            "strangers": asked(index, rules, strangers),
            "copies": asked(index, rules, [details for _, details in copies])
            | {"found": found(index.search, copies), "of": len(copies)},
            "verify_us": verified(segment, rules, strangers[0], copies[0][1]),
            "worker": worker(folder, strangers[0]),
        }
        if size <= PLAIN_MOST:
            table["plain"] = beside(index, registry, segment, rules, strangers[:40], copies)
        table["change_ms"] = changes(index, size, stored)
        table["strangers_after_changes"] = asked(index, rules, strangers)
    return table


def asked(index: SegmentedDetailsIndex, rules: Rules, questions: Sequence[Details]) -> dict[str, float]:
    """CPU milliseconds of a question, and how many parts had enough votes."""
    for details in questions[:5]:
        index.search(details)
    cpu, voted = [], []
    for details in questions:
        started = time.thread_time()
        index.search(details)
        cpu.append(1000 * (time.thread_time() - started))
        voted.append(candidates(index, rules, details))
    return {
        "cpu_ms_median": round(float(np.median(cpu)), 2),
        "cpu_ms_p95": round(float(np.percentile(cpu, 95)), 2),
        "candidates_median": float(np.median(voted)),
        "candidates_mean": round(float(np.mean(voted)), 1),
    }


def candidates(index: SegmentedDetailsIndex, rules: Rules, details: Details) -> int:
    pieces = index._state.parts  # noqa: SLF001
    views = [View.of(view, rules) for part in details.parts for view in (part, part.mirrored())]
    return sum(len(each.parts) for view in views for each in index._candidates(pieces, 0, view))  # noqa: SLF001


def found(ask: Ask, copies: Copies) -> int:
    """Of how many copies the photo itself is among the matches."""
    limit = VETO_DETAILS_1.thresholds.match
    return sum(
        any(hit.claim.protection.int & ((1 << 64) - 1) == number and hit.distance <= limit for hit in ask(details))
        for number, details in copies
    )


def verified(segment: DetailsSegment, rules: Rules, stranger: Details, copy: Details) -> dict[str, float]:
    """Microseconds to verify a part that has nothing to do with the asked one, and one that is of the same photo."""
    few = np.arange(min(2000, len(segment.block.slots)))
    return {
        name: round(1e6 * cpu(all_verified, segment, rules, View.of(details.parts[0], rules), parts) / len(parts), 1)
        for name, details, parts in (("stranger", stranger, few), ("copy", copy, np.zeros(500, np.int64)))
    }


def all_verified(segment: DetailsSegment, rules: Rules, view: View, parts: "np.ndarray[Any, Any]") -> Any:
    distances, block = np.empty(len(parts), np.int64), segment.block
    verify(
        view.across, view.places, view.width, view.height,
        block.codes, block.places, block.sizes, block.starts, parts, rules.rule, distances,
    )  # fmt: skip
    return distances


def cpu(do: Callable[..., object], *arguments: object) -> float:
    started = time.thread_time()
    do(*arguments)
    return time.thread_time() - started


def beside(
    index: SegmentedDetailsIndex,
    registry: Registry,
    segment: DetailsSegment,
    rules: Rules,
    strangers: list[Details],
    copies: Copies,
) -> dict[str, Any]:
    """The plain index of the same photos, and what is found where every part is verified."""
    plain, block = PlainDetailsIndex(), segment.block
    held = registry.photos()
    while some := list(islice(held, 2000)):
        plain.apply([(Claim(of, 63, 0, TODAY), details) for of, details in some], [])

    def exhaustive(details: Details) -> list[Hit]:
        hits, everything = [], np.arange(len(block.slots))
        for part in details.parts:
            for view in (part, part.mirrored()):
                distances = all_verified(segment, rules, View.of(view, rules), everything)
                near = np.flatnonzero(distances <= VETO_DETAILS_1.thresholds.possible)
                hits += [Hit(segment.claim(block.slots[n]), "", "", int(distances[n])) for n in near]
        return hits

    questions = [*strangers, *(details for _, details in copies[:60])]
    equal = [set(index.search(each)) == set(plain.search(each)) for each in questions]
    return {
        "answers_equal": f"{sum(equal)} of {len(equal)}",
        "strangers_cpu_ms_median": round(1000 * float(np.median([cpu(plain.search, each) for each in strangers])), 1),
        "found_where_all_are_verified": found(exhaustive, copies),
        "strangers_matched": sum(bool(index.search(each)) for each in strangers),
        "strangers_matched_where_all_are_verified": sum(bool(exhaustive(each)) for each in strangers),
    }


def changes(index: SegmentedDetailsIndex, size: int, stored: list[Details]) -> dict[str, float]:
    """Milliseconds to add a photo, and to remove one; then a hundredth of all are gone."""
    random = np.random.default_rng(1)
    new = [(Claim(uuid.UUID(bytes=random.bytes(16)), 63, 0, TODAY), stored[n % len(stored)]) for n in range(50)]
    add = [elapsed(index.apply, [each], []) for each in new]
    gone = list(islice(protections(size), 0, size, 100))
    remove = [elapsed(index.apply, [], [each]) for each in gone[:50]]
    index.apply([], gone)
    return {"add": round(float(np.median(add)), 3), "remove": round(float(np.median(remove)), 3)}


ANOTHER = """
import json, re, sys, time, uuid
from pathlib import Path
memory = lambda: int(re.search(r"RssAnon:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1e3
from matching.hashing.details import Details
from matching.index.details_segment import Rules
from matching.index.details_segmented import SegmentedDetailsIndex, warm
from matching.index.shared import SharedSegment
warm()
imported, started, rules = memory(), time.perf_counter(), Rules()
there = SharedSegment(Path(sys.argv[1]), uuid.UUID(int=0), rules, "bench", bytes(32))
index = SegmentedDetailsIndex.of(there.open()[0], rules)
opened, asked = time.perf_counter() - started, Details.from_bytes(sys.stdin.buffer.read(), coarse=False)
for _ in range(5):
    index.search(asked)
print(json.dumps({"open_s": round(opened, 2), "index_mb": round(memory() - imported, 1)}))
"""


def worker(folder: str, question: Details) -> dict[str, float]:
    """What one more process costs: seconds to open and authenticate, and private megabytes."""
    done = subprocess.run(
        [sys.executable, "-c", ANOTHER, folder], input=question.to_bytes(coarse=False), capture_output=True, check=True
    )
    made: dict[str, float] = json.loads(done.stdout)
    return made


if __name__ == "__main__":
    main()
