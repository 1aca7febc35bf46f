"""`python -m bench.index`: writes bench/results/index.json. One candidate after the other on the same data in one run.

Times are of one thread. Medians and percentiles are over queries; under load of others only their ratios count.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bench.index import candidates, data
from bench.index.candidates import Ask, Candidate
from bench.machine import machine
from matching.hashing.fingerprint import Fingerprint
from matching.index.interface import Claim
from matching.index.segment import Rules, Segment
from matching.index.segmented import SegmentedIndex, warm
from matching.index.shared import Origin, SharedSegment, in_memory

RESULTS = Path(__file__).resolve().parents[1] / "results" / "index.json"
MEMORY = Path("/dev/shm")  # noqa: S108 (a folder made by mkdtemp in it)
QUERIES = 200
MULTI_HASH_MOST = 100_000  # photos


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photos; without it, only codes of no photo")
    parser.add_argument("--sizes", default="100000,1000000,10000000", help="codes, with commas between")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    warm()
    tables = []
    for size in map(int, given.sizes.split(",")):
        random = np.random.default_rng(size)
        count = size // sum(data.STORED.values())
        tables.append({"codes": "uniform"} | of(data.uniform(count, QUERIES, random)))
        if given.photos:
            tables.append({"codes": "real, jittered"} | of(data.real(given.photos, count, QUERIES, random)))
    about = machine(numpy=np.__version__, faiss=candidates.faiss.__version__)
    figures = {"machine": about, "load_1m": os.getloadavg()[0], "tables": tables}
    given.results.write_text(json.dumps(figures, indent=1) + "\n")


def of(registry: data.Registry) -> dict[str, Any]:
    rules = Rules()
    began = time.process_time()
    segment = candidates.segment_of(registry, rules)
    built = time.process_time() - began
    codes = len(segment)
    index = SegmentedIndex.of(segment, rules)
    changed = SegmentedIndex.of(segment, rules)
    ours = Candidate("veto", lambda asked: index.search([asked]), candidates.bytes_of(segment) / codes, QUERIES)
    found: dict[str, Any] = {
        "photos": registry.size,
        "held": codes,
        "build_cpu_s": round(built, 2),
        "change_ms": changes(changed, registry),
        "worker": worker(segment, rules, registry.asked[0]),
    }
    made: list[Callable[[data.Registry], Candidate]] = [
        lambda _: ours,
        candidates.our_scan,
        candidates.faiss_flat,
        candidates.faiss_multi_hash,
    ]
    for make in made:
        if make is candidates.faiss_multi_hash and registry.size > MULTI_HASH_MOST:
            continue  # it would take several gigabytes
        candidate = make(registry)
        full, single = registry.asked[: candidate.most], [one_pdq(each) for each in registry.asked[: candidate.most]]
        found[candidate.name] = {
            "bytes_per_code": candidate.bytes_per_code and round(candidate.bytes_per_code, 1),
            "per_pdq_hash_ms": timed(candidate.ask, single),
            "per_query_ms": timed(candidate.ask, full),
        }
        if candidate.name == "scan":
            equal = [candidates.found_by(index, question) == candidate.ask(question) for question in single + full]
            found["veto"]["answers_equal_to_scan"] = f"{sum(equal)} of {len(equal)}"
        print(codes, candidate.name, json.dumps(found[candidate.name]), flush=True)
    print(json.dumps({name: found[name] for name in ("photos", "build_cpu_s", "change_ms", "worker")}), flush=True)
    return found


def one_pdq(question: Fingerprint) -> Fingerprint:
    return replace(question, hashes=tuple(item for item in question.hashes if item.algorithm == "pdq")[:1])


def timed(ask: Ask, questions: list[Fingerprint]) -> dict[str, float]:
    for question in questions[: len(questions) // 3]:
        ask(question)
    cpu, wall = [], []
    for question in questions:
        started, clock = time.thread_time(), time.perf_counter()
        ask(question)
        cpu.append(1000 * (time.thread_time() - started))
        wall.append(1000 * (time.perf_counter() - clock))
    return {
        f"{kind}_{name}": round(float(np.percentile(values, part)), 4)
        for kind, values in (("cpu", cpu), ("wall", wall))
        for name, part in (("median", 50), ("p95", 95), ("p99", 99))
    }


def changes(index: SegmentedIndex, registry: data.Registry) -> dict[str, float]:
    """Milliseconds to add a photo, and to remove one that the segment holds."""
    photos = [replace(each, hashes=each.hashes[:16]) for each in registry.asked[:50]]
    claims = [Claim(uuid.uuid4(), 63, 0, date(2026, 1, 1)) for _ in photos]
    add = [elapsed(index.apply, [(claim, [photo])], []) for claim, photo in zip(claims, photos, strict=True)]
    gone = list(data.protections(registry.size))[:50]
    remove = [elapsed(index.apply, [], [each]) for each in gone]
    index.apply([], [claim.protection for claim in claims])
    return {"add": round(float(np.median(add)), 3), "remove": round(float(np.median(remove)), 3)}


def elapsed(do: Callable[..., object], *arguments: object) -> float:
    clock = time.perf_counter()
    do(*arguments)
    return 1000 * (time.perf_counter() - clock)


ANOTHER = """
import json, re, sys, time, uuid
from pathlib import Path
memory = lambda: int(re.search(r"RssAnon:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1e3
from matching.hashing.fingerprint import Fingerprint
before = memory()
from matching.index.segment import Rules
from matching.index.segmented import SegmentedIndex, warm
from matching.index.shared import SharedSegment
warm()
imported = memory()
started = time.perf_counter()
rules = Rules()
segment, _ = SharedSegment(Path(sys.argv[1]), uuid.UUID(int=0), rules, "bench", bytes(32)).open()
index = SegmentedIndex.of(segment, rules)
opened = time.perf_counter() - started
asked = Fingerprint.from_bytes(sys.stdin.buffer.read())
cpu = []
for _ in range(20):
    started = time.thread_time()
    index.search([asked])
    cpu.append(1000 * (time.thread_time() - started))
index.apply([], [segment.claim(0).protection])
print(json.dumps({"open_s": round(opened, 2), "code_mb": round(imported - before, 1),
                  "index_mb": round(memory() - imported, 1),
                  "query_cpu_ms": round(sorted(cpu)[10], 2)}))
"""


def worker(segment: Segment, rules: Rules, question: Fingerprint) -> dict[str, float] | None:
    """What one more process costs: seconds to open and private megabytes, of code and of the index; None if alone.

    `query_cpu_ms`: of one query that it asks of the shared segment, whose pages are small.
    """
    if not in_memory(MEMORY):
        return None
    with TemporaryDirectory(dir=MEMORY, prefix="veto-bench-") as folder:
        there = SharedSegment(Path(folder), uuid.UUID(int=0), rules, "bench", bytes(32))
        wrote = elapsed(there.write, segment, Origin(str(uuid.UUID(int=0)), 1, 1, "")) / 1000
        done = subprocess.run(
            [sys.executable, "-c", ANOTHER, folder], input=question.to_bytes(), capture_output=True, check=True
        )
    made: dict[str, float] = json.loads(done.stdout)
    return {"write_s": round(wrote, 2)} | made


if __name__ == "__main__":
    main()
