"""What each web process counts, for Prometheus: how questions ended, and how this process is. See docs/operations.md.

Every label is one of a few fixed words of ours. None names a platform or a key (who asks how much is between it and the
registry, and a series lives in a monitoring system for years), none comes from a request, and no hash or address does.

With PROMETHEUS_MULTIPROC_DIR the values lie in files of that folder, which `manage.py metrics` adds up; they are never
served on the public port.
"""

import time
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from matching.problems import KINDS

CHECKS = Counter("veto_checks", "Questions about one image, by how they ended.", ["mode", "outcome"])
SECONDS = Histogram(
    "veto_check_seconds",
    "Time of a request that checks, from the thread that takes it up to its answer.",
    ["kind"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
)
PROBLEMS = Counter(
    "veto_problems", "Answers that are a problem, those given in front of Django too.", ["status", "code"]
)
DECODER = Counter("veto_decoder_failures", "Images that the decoder did not finish with, by why.", ["how"])
FALLBACKS = Counter("veto_fallbacks", "Counted in one process alone, as Valkey was away.", ["what"])
MERGES = Counter("veto_index_merges", "Segments of the index made into one.", ["index"])
DROPPED = Counter("veto_checks_dropped", "Questions of which nothing is kept, as PostgreSQL was away for long.")
UNPROVEN = Counter("veto_proofs_missing", "Answers that lack the proof they were asked for.")
LOADS = Counter("veto_index_loads", "Times that a process loaded the whole index.")

PAGE = "page"  # in the place of a problem's code
PAGES = (429, 500, 503)  # statuses of pages that are counted
KIND_OF = {"v1/check": "hashes", "v1/check/batch": "batch", "v1/check/image": "image"}  # by route
OUTCOMES = ("protected", "no_match", "ask", "indeterminate", "index-behind", "profile-incomplete")

# At 0 from the start: a rise from nothing is seen by no rule.
for mode in ("live", "test"):
    for outcome in OUTCOMES:
        CHECKS.labels(mode, outcome)
for kind in KIND_OF.values():
    SECONDS.labels(kind)
for code, described in KINDS.items():
    PROBLEMS.labels(described.status, code)
for status in PAGES:
    PROBLEMS.labels(status, PAGE)
for how in ("timeout", "crash", "unavailable"):
    DECODER.labels(how)
for what in ("quota", "cache"):
    FALLBACKS.labels(what)
for index in ("index", "details"):
    MERGES.labels(index)


def decoder_failed(how: str) -> None:
    DECODER.labels(how).inc()


@cache
def _held() -> dict[str, Gauge]:
    """Made by the first process that follows the sequence: any other would be said to hold nothing."""
    help_of = {
        "epoch": "The epoch that this process holds; 0 before the first load.",
        "generation": "The number of the last change that this process holds.",
        "behind": "How many published changes this process lacked when it last looked.",
        "current": "1 where this process held every acknowledged change when it last looked.",
        "looked_timestamp_seconds": "When that was, each second if all is well.",
    }
    return {name: Gauge(f"veto_index_{name}", text, multiprocess_mode="liveall") for name, text in help_of.items()}


def held(*, epoch: int, generation: int, behind: int, current: bool) -> None:
    said = {"epoch": epoch, "generation": generation, "behind": behind, "current": current}
    for name, value in (said | {"looked_timestamp_seconds": time.time()}).items():
        _held()[name].set(value)
