"""`python -m bench.load`: services, photos and server are made for it and go with it. The last line is JSON.

For questions in hash mode and in image mode: what can be answered at all (a closed loop), then rates up to twice that,
at random moments whatever the server does (an open loop), while photos are registered, each of which is asked about at
once; then how long it takes until nothing is refused any more. At the end memory, at half of what can be answered. Exit
code 1 where an answer was wrong, a connection broke, or the server did not recover.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bench.http import client, questions
from bench.http.__main__ import await_ready, registering, run, say
from bench.load.judge import EACH, Expected, Judge, in_hash_mode, in_image_mode
from bench.load.memory import Memory
from config.local.adoption import adopt_orphans, end_descendants
from config.local.application import Address, application, issue_key, manage
from config.local.home import Home
from config.local.services import temporary_services
from config.local.terminal import EndingError, raise_when_ended

SHARES: Final = (0.5, 0.8, 1.0, 1.5, 2.0)  # of the saturation
WORKERS: Final = "2"
FLOOD: Final = 12  # connections
MOST: Final = 400  # more than the server lets wait
RECOVERY_S: Final = 10.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=int(os.environ.get("PHOTOS_REGISTERED") or 20_000))
    parser.add_argument("--seconds", type=float, default=8, help="of each step")
    parser.add_argument("--soak", type=float, default=float(os.environ.get("SOAK_SECONDS") or 120))
    given = parser.parse_args()
    raise_when_ended()
    adopt_orphans()
    try:
        with temporary_services() as environment:
            found = measure(given, Home(Path(environment["VETO_HOME"])), os.environ | environment)
    except EndingError:
        return 1
    finally:
        end_descendants()
    print(json.dumps(found), flush=True)
    return 0 if not found["faults"] and found["recovered"] else 1


def measure(given: argparse.Namespace, home: Home, environment: Mapping[str, str]) -> dict[str, Any]:
    manage(home, environment, "migrate", "--noinput")
    run(environment, "bench.http.fill", str(given.photos), "100")
    key = issue_key(home, environment, "load")
    modes = {"hash": in_hash_mode(key), "image": of_pictures(home, environment, key)}
    address = Address.free()
    said = {"WEB_WORKERS": WORKERS, "UNITS_PER_MINUTE": str(10**9)}
    parts = application(home, {**environment, **said}, address)
    found: dict[str, Any] = {"photos": given.photos, "workers": int(WORKERS), "load_1m": os.getloadavg()[0]}
    try:
        for part in parts:
            part.start()
        await_ready(address)
        with registering(environment, address, key) as registered:
            for mode, expected in modes.items():
                found[mode] = overload(address.port, expected, given.seconds)
                say(mode, found[mode])
        found["registering"] = registered
        with Memory({part.name: part.pid for part in parts}) as memory:
            soaked = soak(address.port, modes, {mode: found[mode]["saturation"] for mode in modes}, given.soak)
        found["soak"] = {"seconds": given.soak, "faults": soaked, "memory": memory.figures}
    finally:
        for part in reversed(parts):
            part.stop()
    steps = [step for mode in modes for step in found[mode]["steps"]]
    found["faults"] = sum(step["faults"] for step in steps) + soaked + registered["wrong"]
    found["recovered"] = all(found[mode]["recovered_s"] is not None for mode in modes)
    return found


def of_pictures(home: Home, environment: Mapping[str, str], key: str) -> Expected:
    """Of each picture that is known another encoding is protected."""
    originals = home.path / "originals"
    originals.mkdir()
    pictures = [questions.picture(200 + number, (800, 502)) for number in range(2 * EACH)]
    for number, image in enumerate(pictures[:EACH]):
        (originals / f"{number}.jpg").write_bytes(questions.jpeg(image, 90))
    manage(home, environment, "protect_photo", str(originals))
    encoded = [questions.jpeg(image, 80) for image in pictures]
    return in_image_mode(encoded[:EACH], encoded[EACH:], key)


def overload(port: int, expected: Expected, seconds: float) -> dict[str, Any]:
    requests = list(expected)
    client.flood(port, requests, seconds=seconds / 4, connections=FLOOD)
    saturation = client.flood(port, requests, seconds=seconds, connections=FLOOD).rate
    steps = [step(port, expected, share * saturation, seconds) for share in SHARES]
    began = time.perf_counter()
    calm = Judge(expected=expected)
    client.arrive(port, requests, rate=saturation / 4, seconds=RECOVERY_S / 2, connections=MOST, seen=calm)
    recovered = max(0.0, calm.refused_at - began) if calm.accepted else None
    last = calm.seconds[-1:] == calm.accepted[-1:]
    return {
        "saturation": round(saturation, 1),
        "steps": steps,
        "recovered_s": round(recovered, 2) if recovered is not None and last else None,
    }


def step(port: int, expected: Expected, rate: float, seconds: float) -> dict[str, Any]:
    seen = Judge(expected=expected)
    client.arrive(port, list(expected), rate=rate, seconds=seconds, connections=MOST, seen=seen)
    return {
        "asked": round(rate, 1),
        "answered": round(len(seen.accepted) / seen.lasted, 1),
        "p50_ms": seen.milliseconds(0.5),
        "p99_ms": seen.milliseconds(0.99),
        "statuses": {str(status): count for status, count in sorted(seen.statuses.items())},
        "faults": seen.faults,
    }


def soak(port: int, modes: Mapping[str, Expected], saturation: Mapping[str, float], seconds: float) -> int:
    """Both modes in turns, each at half of what it can; the faults."""
    faults, turn = 0, max(1.0, seconds / 20)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for mode, expected in modes.items():
            faults += step(port, expected, saturation[mode] / 2, turn)["faults"]
    return faults


if __name__ == "__main__":
    sys.exit(main())
