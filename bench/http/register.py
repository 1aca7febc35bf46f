"""`python -m bench.http.register PORT KEY RATE`: register so many photos a second until standard input ends.

Each is asked about over HTTP, on a connection of its own, as soon as it is acknowledged: any worker may answer. Prints
one JSON object: milliseconds that registering takes, and then until the first answer that knows it.
"""

import http.client
import json
import os
import select
import sys
import time

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from bench.http import codes  # noqa: E402
from consent import actions  # noqa: E402
from consent.models import Person  # noqa: E402
from matching.hashing.fingerprint import Fingerprint  # noqa: E402


def main(port: int, key: str, rate: float) -> None:
    random = np.random.default_rng()
    person = Person.objects.operator()
    took, seen, wrong = [], [], 0
    due = time.perf_counter()
    while not select.select([sys.stdin], [], [], max(0.0, due - time.perf_counter()))[0]:
        due = max(due + 1 / rate, time.perf_counter() - 1)
        bits, textures = (codes.pdq_like(len(codes.VIEWS), random).tobytes() for _ in range(2))
        photo = codes.fingerprint(bits, textures, 0)
        began = time.perf_counter()
        decided = actions.protect_photo(by=person, fingerprints=[photo], refuse=["edit"], details=codes.details(random))
        told = time.perf_counter()
        if not decided.in_effect:
            wrong += 1
            continue
        took.append(1000 * (told - began))
        result = asked(port, key, photo)
        wrong += result == "no_match"
        while result != "protected":
            result = asked(port, key, photo)
        seen.append(1000 * (time.perf_counter() - told))
    print(
        json.dumps({"registered": len(took), "wrong": wrong, "acknowledged_ms": of(took), "then_answered_ms": of(seen)})
    )


def of(values: list[float]) -> dict[str, float]:
    return {"median": round(float(np.median(values)), 1), "max": round(max(values), 1)} if values else {}


def asked(port: int, key: str, photo: Fingerprint) -> str:
    body = {"profile": "pdq", "hashes": [{"hash": photo.hashes[0].bits.hex()}], "uses": ["edit"]}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/v1/check", json.dumps(body), {"Authorization": f"Bearer {key}"})
        answer = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return str(answer.get("result") or answer["code"])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
