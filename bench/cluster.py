"""`make bench-cluster`: the index in shards, on three nodes of this machine, beside one process's on the same data.

Writes bench/results/cluster.json. All nodes share this machine's cores, so what they do at once takes longer here.
"""

import argparse
import itertools
import json
import os
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

import numpy as np  # noqa: E402
import psutil  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

from bench.http import codes, fill  # noqa: E402
from config.local.cluster import Nodes, temporary_cluster  # noqa: E402
from matching.cluster.follower import ClusterFollower  # noqa: E402
from matching.follower import Follower  # noqa: E402
from matching.hashing.details import Details  # noqa: E402
from matching.index.interface import DetailsIndex, IncompleteError, Index  # noqa: E402

RESULTS = Path(__file__).resolve().parent / "results" / "cluster.json"
NODES = 3
QUESTIONS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=int)
    parser.add_argument("details", type=int, help="so many of them have details")
    given = parser.parse_args()
    call_command("migrate", verbosity=0, interactive=False)
    fill.main(given.photos, given.details)
    alone = Follower()
    alone_s = seconds(alone.load)
    found: dict[str, Any] = {
        "cores": os.cpu_count(),
        "load_1m": os.getloadavg()[0],
        "ray": version("ray"),
        "photos": given.photos,
        "with_details": given.details,
    }
    found["one process"] = {"load_s": alone_s} | measured(alone.index, alone.details)
    began = time.perf_counter()
    with temporary_cluster(NODES) as nodes:
        found["cluster_start_s"] = round(time.perf_counter() - began, 1)
        settings.INDEX_SHARDS, settings.RAY_ADDRESS = NODES, nodes.address
        follower = ClusterFollower()
        shards: dict[str, Any] = {"load_s": seconds(lambda: (follower.load(), until_ready(follower)))}
        shards |= measured(follower.index, follower.details)
        shards["private_mb"], shards["segments_mb"] = memory()
        shards["back_after_s"] = back(nodes, follower)
        found["three shards"] = shards
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def seconds(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return round(time.perf_counter() - began, 2)


def until_ready(follower: ClusterFollower) -> None:
    while not follower.ready():
        time.sleep(0.05)


def measured(index: Index, details: DetailsIndex) -> dict[str, Any]:
    random = np.random.default_rng(5)
    known = [Details.from_bytes(codes.details(random), coarse=True) for _ in range(20)]
    return {
        "hashes": len(index),
        "keypoints": len(details),
        "reached_by_ms": timed(lambda _: index.reached_by({"veto-1"}), [0] * 100),
        "frames_ms": timed(lambda asked: index.search([asked]), codes.asked(QUESTIONS)),
        "details_ms": timed(details.search, known),
    }


def timed(ask: Callable[[Any], object], questions: list[Any]) -> dict[str, float]:
    """Wall time, this process's CPU time, and bytes over the loopback interface, of a question."""
    for question in questions[: len(questions) // 3]:
        ask(question)
    wall = []
    cpu, sent = time.process_time(), psutil.net_io_counters(pernic=True)["lo"].bytes_sent
    for question in questions:
        clock = time.perf_counter()
        ask(question)
        wall.append(1000 * (time.perf_counter() - clock))
    return {
        "median": round(float(np.median(wall)), 2),
        "p99": round(float(np.percentile(wall, 99)), 2),
        "cpu_here": round(1000 * (time.process_time() - cpu) / len(questions), 2),
        "bytes": round((psutil.net_io_counters(pernic=True)["lo"].bytes_sent - sent) / len(questions)),
    }


def memory() -> tuple[float, float]:
    """Of a shard, in MB: what its process has beside its segments, and those."""
    kinds = "RssAnon", "RssShmem"
    sums = dict.fromkeys(kinds, 0)
    of_shards = [
        each for each in psutil.process_iter(["cmdline"]) if "ray::Shard" in " ".join(each.info["cmdline"] or [])
    ]
    for each in of_shards:
        for line in Path(f"/proc/{each.pid}/status").read_text().splitlines():
            if (kind := line.partition(":")[0]) in kinds:
                sums[kind] += int(line.split()[1])  # kB
    anonymous, segments = (round(sums[kind] / 1000 / max(1, len(of_shards)), 1) for kind in kinds)
    return anonymous, segments


def back(nodes: Nodes, follower: ClusterFollower) -> float:
    """A machine is lost with all that was in its memory; until the answer is whole again."""
    began = time.perf_counter()
    nodes.kill(nodes.nodes[1])
    missing = False
    for question in itertools.cycle(codes.asked(10)):
        try:
            follower.index.search([question])
        except IncompleteError:
            missing = True
        else:
            if missing:
                break
        time.sleep(0.02)
    return round(time.perf_counter() - began, 1)


if __name__ == "__main__":
    main()
