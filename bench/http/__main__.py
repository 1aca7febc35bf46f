"""`python -m bench.http`: writes bench/results/http.json. Services, photos and server are made for it and go with it.

For each kind of question and each number of workers: how much can be answered at all (`capacity`, a closed loop), and
the highest of some rates at which 99 in 100 are answered within 50 ms, asked at random moments. Meanwhile ten photos a
second are registered. The client runs on the same cores: where they are two, rates would be higher without it, and
the CPU time of an answer says more.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import psutil

from bench.http import client, questions
from bench.machine import machine
from config.local.adoption import adopt_orphans, end_descendants
from config.local.application import Address, application, issue_key, manage
from config.local.child import Child
from config.local.home import Home
from config.local.services import temporary_services
from config.local.terminal import EndingError, raise_when_ended

RESULTS: Final = Path(__file__).resolve().parents[1] / "results" / "http.json"
PHOTOS: Final = 1_000_000
DETAILS: Final = 2000
REGISTRATIONS: Final = 10  # a second
LIMIT_MS: Final = 50
SHARES: Final = (0.9, 0.8, 0.65, 0.5, 0.35, 0.2)  # of the capacity, that are tried one after the other
IMAGES: Final = {"image 1600x1004": (questions.PHOTO, 8), "image 12 MP": (questions.LARGE, 3)}
MISSES: Final = "image 1600x1004, not found: details"
READY_S: Final = 1200


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=int(os.environ.get("PHOTOS_REGISTERED") or PHOTOS))
    parser.add_argument("--details", type=int, default=DETAILS, help="how many of them have details")
    parser.add_argument("--workers", default="1,2", help="numbers of web workers, with a comma between")
    parser.add_argument("--kinds", default="", help="only kinds of question that have this in their name")
    parser.add_argument("--seconds", type=float, default=4, help="of each step")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    raise_when_ended()
    adopt_orphans()
    try:
        with temporary_services() as environment:
            figures = measure(given, Home(Path(environment["VETO_HOME"])), os.environ | environment)
    except EndingError:
        return 1
    finally:
        end_descendants()
    given.results.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


def measure(given: argparse.Namespace, home: Home, environment: Mapping[str, str]) -> dict[str, Any]:
    manage(home, environment, "migrate", "--noinput")
    began = time.perf_counter()
    run(environment, "bench.http.fill", str(given.photos), str(given.details))
    filled = round(time.perf_counter() - began, 1)
    say("filled", filled)
    folder = home.path / "pictures"
    folder.mkdir()
    key = issue_key(home, environment, "bench")
    asked = questions.of_hashes(key) | pictures_in(folder, home, environment, key)
    stages = json.loads(run(environment, "bench.http.stages", str(folder)))
    say("stages", stages)
    found = [with_workers(count, home, environment, key, asked, given) for count in map(int, given.workers.split(","))]
    about = {"photos": given.photos, "with_details": given.details, "fill_s": filled, "limit_ms": LIMIT_MS}
    return {"machine": machine(), "load_1m": os.getloadavg()[0], **about, "cpu_ms": stages, "workers": found}


def pictures_in(folder: Path, home: Home, environment: Mapping[str, str], key: str) -> dict[str, list[bytes]]:
    """By kind: whole requests. Of each image that is to be found another encoding is protected before."""
    asked, originals = {}, home.path / "originals"
    originals.mkdir()
    for kind, (size, count) in IMAGES.items():
        for number in range(count):
            image = questions.picture(number, size)
            (originals / f"{kind}-{number}.jpg").write_bytes(questions.jpeg(image, 90))
            (folder / f"{kind}-{number}.jpg").write_bytes(questions.jpeg(image, 80))
        asked[kind] = questions.of_images([path.read_bytes() for path in sorted(folder.glob(f"{kind}-*"))], key)
    manage(home, environment, "protect_photo", str(originals))
    others = [questions.jpeg(questions.picture(seed, questions.PHOTO), 80) for seed in range(100, 108)]
    return asked | {MISSES: questions.of_images(others, key)}


def with_workers(
    count: int,
    home: Home,
    environment: Mapping[str, str],
    key: str,
    asked: Mapping[str, Sequence[bytes]],
    given: argparse.Namespace,
) -> dict[str, Any]:
    address = Address.free()
    said = {"WEB_WORKERS": str(count), "LOG_LEVEL": "INFO", "UNITS_PER_MINUTE": str(10**9)}
    web, *rest = application(home, {**environment, **said}, address)
    found: dict[str, Any] = {"workers": count}
    try:
        for part in (web, *rest):
            part.start()
        began = time.perf_counter()
        await_ready(address)
        found["ready_s"] = round(time.perf_counter() - began, 1)
        with registering(environment, address, key) as registered:
            time.sleep(given.seconds)  # until it has begun
            before = cpu_of(web.pid)
            time.sleep(given.seconds)
            found["following_cpu_ms"] = round(1000 * (cpu_of(web.pid) - before) / given.seconds / REGISTRATIONS, 2)
            for kind, requests in asked.items():
                if given.kinds in kind:
                    found[kind] = of_kind(address.port, requests, web, given.seconds, at_once(kind, count))
                    say(count, kind, found[kind])
        found["registering"] = registered
        say("registering", registered)
    finally:
        for part in (*rest, web):
            part.stop()
    return found


def at_once(kind: str, workers: int) -> int:
    """As many as keep all of them busy, and fewer than make the last of them wait until it is refused."""
    return 4 + 4 * workers if "image" in kind else 16 * workers


def of_kind(port: int, requests: Sequence[bytes], web: Child, seconds: float, connections: int) -> dict[str, Any]:
    client.flood(port, requests, seconds=seconds / 4, connections=connections)
    before = cpu_of(web.pid)
    seen = client.flood(port, requests, seconds=seconds, connections=connections)
    answers = max(1, len(seen.seconds))
    found: dict[str, Any] = {
        "capacity": round(seen.rate, 1),
        "cpu_ms": round(1000 * (cpu_of(web.pid) - before) / answers, 2),
        "answers": {str(status): number for status, number in seen.statuses.items()},
        "steps": [],
    }
    for share in SHARES:
        rate = share * seen.rate
        step = client.arrive(port, requests, rate=rate, seconds=seconds, connections=4 * connections)
        shown = {"rate": round(rate, 1), "p50_ms": step.percentile(0.5), "p99_ms": step.percentile(0.99)}
        found["steps"].append(shown | ({"overrun": True} if step.overrun else {}))
        if step.percentile(0.99) < LIMIT_MS and not step.overrun:
            found["rate_within_limit"] = shown["rate"]
            break
    return found


@contextmanager
def registering(environment: Mapping[str, str], address: Address, key: str) -> Iterator[dict[str, Any]]:
    """What it yields is filled at the end."""
    command = [sys.executable, "-m", "bench.http.register", str(address.port), key, str(REGISTRATIONS)]
    registered: dict[str, Any] = {}
    with subprocess.Popen(
        command, env=quiet(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield registered
        out, _ = process.communicate()
        registered |= json.loads(out)


def await_ready(address: Address) -> None:
    """Until ten connections in a row meet a worker that is ready."""
    deadline, ready = time.monotonic() + READY_S, 0
    while ready < 10:
        if time.monotonic() > deadline:
            raise TimeoutError(f"not ready after {READY_S} s")
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", address.port, timeout=30)) as connection:
                connection.request("GET", "/readyz")
                ready = ready + 1 if connection.getresponse().status == http.client.OK else 0
        except OSError:
            ready = 0
        time.sleep(0.05 if ready else 0.5)


def run(environment: Mapping[str, str], module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, env=quiet(environment), check=True, stdout=subprocess.PIPE, text=True).stdout


def quiet(environment: Mapping[str, str]) -> dict[str, str]:
    return {**environment, "LOG_LEVEL": "ERROR"}


def cpu_of(pid: int) -> float:
    """Seconds of CPU, of the system's too, that a process, its children and theirs have taken."""
    total = 0.0
    parent = psutil.Process(pid)
    for process in (parent, *parent.children(recursive=True)):
        try:
            total += sum(process.cpu_times()[:4])  # with those of children that have ended
        except psutil.NoSuchProcess:
            continue
    return total


def say(*what: object) -> None:
    print(time.strftime("%H:%M:%S"), *what, flush=True)


if __name__ == "__main__":
    sys.exit(main())
