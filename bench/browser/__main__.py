"""`python -m bench.browser`, or `make bench-browser`: the hashing engine in headless Chromium beside the server's.

Writes bench/results/browser.json: with photos the distances, with a count the speed; what is not measured stays as it
was. Speed is that of this machine and of what else runs on it.
"""

import argparse
import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django
from django.core.management import call_command
from playwright.sync_api import sync_playwright

from bench.browser import distances, speed
from bench.machine import machine
from bench.quality import sets
from tests.browser.engine import Engine
from tests.browser.window import launch, window
from tests.integration.web import serving

RESULTS = Path(__file__).resolve().parents[1] / "results" / "browser.json"
USUAL, LARGE = (1600, 1200), (4000, 3000)
RUNS = ((1, USUAL, False), (10, USUAL, True), (50, LARGE, False))  # the share of the count, pixels, with details?


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.browser", description=__doc__)
    parser.add_argument("--photos", default=os.environ.get("PHOTOS", ""), help="folders, with commas between")
    parser.add_argument("--as-they-are", type=int, default=1000, help="files compared as they are")
    parser.add_argument("--of-a-kind", type=int, default=24, help="photos made into each kind of file")
    parser.add_argument("--count", type=int, default=3000, help="generated photos that go through")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    begin = time.monotonic()
    figures = json.loads(given.results.read_text()) if given.results.exists() else {}
    given.results.write_text(json.dumps(figures | measured(given), indent=1) + "\n")
    print(f"{given.results} after {round(time.monotonic() - begin)} s")


def measured(given: argparse.Namespace) -> dict[str, Any]:
    with (
        TemporaryDirectory(prefix="veto-") as folder,
        sync_playwright() as playwright,
        serving(Path(folder) / "web.log") as web,
        launch(playwright) as browser,
    ):
        base = f"http://localhost:{web.port}"
        figures: dict[str, Any] = {}
        if given.photos:
            photos = sets.photos(given.photos)
            with window(browser, base) as opened:
                compared = distances.measured(Engine(opened), photos, given.as_they_are, given.of_a_kind)
            figures["distances"] = {"machine": here(browser.version), "files": compared}
        if given.count:
            figures["speed"] = {"machine": here(browser.version), "runs": []}
            for share, size, details in RUNS:
                with window(browser, base) as opened:
                    engine = Engine(opened, workers=None)
                    files = speed.generated(Path(folder), max(1, given.count // share), size)
                    its = speed.measured(engine, files, details)
                figures["speed"]["runs"].append({"size": size, "details": details} | its)
        return figures


def here(chromium: str) -> dict[str, Any]:
    return machine(chromium=chromium, load_1m=round(os.getloadavg()[0], 1))


if __name__ == "__main__":
    main()
