"""`python -m bench.index`: writes bench/results/index.json. One candidate after the other on the same data in one run.

Our own index is asked as a service asks it: of the segment that the processes of a host share. Times are of one thread.
Medians and percentiles are over queries; under load of others only their ratios count.
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
from typing import Any, Final

import numpy as np

from bench.index import candidates, data
from bench.index.candidates import Ask, Candidate
from bench.index.start import MEMORY, start
from bench.machine import machine
from matching.hashing.fingerprint import Fingerprint
from matching.index.interface import Claim
from matching.index.segment import Rules
from matching.index.segmented import SegmentedIndex, warm
from matching.index.shared import Origin, SharedSegment

RESULTS: Final = Path(__file__).resolve().parents[1] / "results" / "index.json"
QUERIES: Final = 200
BATCH: Final = 500  # questions at once
MOST: Final = {  # codes up to which others are measured; beyond they would take many minutes, or many gigabytes
    candidates.our_scan: 10_000_000,
    candidates.faiss_flat: 10_000_000,
    candidates.threatexchange: 1_000_000,
}
NOBODY: Final = uuid.UUID(int=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photos; without it, only codes of no photo")
    parser.add_argument(
        "--sizes", default="100000,1000000,10000000,16000000", help="codes, with commas between; a photo has 16 at most"
    )
    parser.add_argument("--started", type=int, default=1_000_000, help="photos that a starting service has")
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
    figures = {"machine": about, "load_1m": os.getloadavg()[0], "tables": tables, "start": start(given.started)}
    given.results.write_text(json.dumps(figures, indent=1) + "\n")


def of(registry: data.Registry) -> dict[str, Any]:
    rules = Rules()
    began = time.process_time()
    segment = candidates.segment_of(registry, rules)
    found: dict[str, Any] = {
        "photos": registry.size,
        "held": len(segment),
        "build_cpu_s": round(time.process_time() - began, 2),
    }
    with TemporaryDirectory(dir=MEMORY, prefix="veto-bench-") as folder:
        there = SharedSegment(Path(folder), NOBODY, rules, "bench", bytes(32))
        wrote = elapsed(there.write, segment, Origin(str(NOBODY), 1, 1, "")) / 1000
        segment, _ = there.open()
        found["worker"] = {"write_s": round(wrote, 2)} | worker(folder, registry.asked[0])
        found["change_ms"] = changes(SegmentedIndex.of(segment, rules), registry)
        index = SegmentedIndex.of(segment, rules)
        ours = Candidate(
            "veto", lambda asked: index.search([asked]), candidates.bytes_of(segment) / len(segment), QUERIES
        )
        found["veto"] = measured(ours, registry) | in_a_batch(index, registry)
        for make, most in MOST.items():
            if len(segment) <= most:
                candidate = make(registry)
                found[candidate.name] = measured(candidate, registry)
                if candidate.name == "scan":
                    asked = registry.asked[: candidate.most]
                    equal = [candidates.found_by(index, question) == candidate.ask(question) for question in asked]
                    found["veto"]["answers_equal_to_scan"] = f"{sum(equal)} of {len(equal)}"
    for name, figures in found.items():
        print(len(segment), name, json.dumps(figures), flush=True)
    return found


def measured(candidate: Candidate, registry: data.Registry) -> dict[str, Any]:
    full = registry.asked[: candidate.most]
    return {
        "bytes_per_code": candidate.bytes_per_code and round(candidate.bytes_per_code, 1),
        "per_pdq_hash_ms": timed(candidate.ask, [one_pdq(each) for each in full]),
        "per_query_ms": timed(candidate.ask, full),
    }


def in_a_batch(index: SegmentedIndex, registry: data.Registry) -> dict[str, Any]:
    """CPU ms of a query among many; how many of its hashes are asked, and how many hits it has, each the mean."""
    asked = [[registry.asked[number % len(registry.asked)]] for number in range(BATCH)]
    began = time.thread_time()
    found = index.search_each(asked)
    spent = 1000 * (time.thread_time() - began)
    hashes = [len(each.hashes) for [each] in asked]
    return {
        "in_a_batch_cpu_ms": round(spent / BATCH, 3),
        "hashes": round(float(np.mean(hashes)), 1),
        "hits": round(float(np.mean([len(hits) for hits in found])), 1),
    }


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


def worker(folder: str, question: Fingerprint) -> dict[str, float]:
    """What one more process costs: seconds to open and private megabytes, of code and of the index.

    `query_cpu_ms`: of one query that it asks of the shared segment.
    """
    done = subprocess.run(
        [sys.executable, "-c", ANOTHER, folder], input=question.to_bytes(), capture_output=True, check=True
    )
    made: dict[str, float] = json.loads(done.stdout)
    return made


if __name__ == "__main__":
    main()
