"""`python -m bench.index.start [PHOTOS]`: how long a start takes that builds the segment, and one that reopens it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from config.local.application import manage
from config.local.home import Home
from config.local.services import temporary_services

MEMORY: Final = "/dev/shm"  # noqa: S108 (folders made by mkdtemp in it)
PHOTOS: Final = 1_000_000

LOAD = """
import json, re, threading, time
from pathlib import Path
import django
django.setup()
from matching import sequence
from matching.index.segmented import warm
from matching.loading import FrameLoader
private = lambda: int(re.search(r"RssAnon:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1e3
warm()
peak, done = [before := private()], threading.Event()
def watch():
    while not done.wait(0.05):
        peak[0] = max(peak[0], private())
threading.Thread(target=watch, daemon=True).start()
clock, cpu = time.perf_counter(), time.process_time()
lineage, start = sequence.in_database()
index, _ = FrameLoader(lineage).load(start)
print(json.dumps({"codes": len(index), "s": round(time.perf_counter() - clock, 1),
                  "cpu_s": round(time.process_time() - cpu, 1), "peak_private_mb": round(peak[0] - before),
                  "private_mb": round(private() - before)}))
"""


def start(photos: int) -> dict[str, Any]:
    """Seconds and megabytes of the first process on a host, and of the next one."""
    with temporary_services() as services, TemporaryDirectory(dir=MEMORY, prefix="veto-bench-") as folder:
        environment = {**os.environ, **services, "INDEX_FOLDER": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        manage(Home(Path(services["VETO_HOME"])), environment, "migrate", "--noinput")
        subprocess.run([sys.executable, "-m", "bench.http.fill", str(photos), "0"], env=environment, check=True)
        return {"photos": photos, "builds": loaded(environment), "reopens": loaded(environment)}


def loaded(environment: dict[str, str]) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", LOAD], env=environment, stdout=subprocess.PIPE, check=True)
    made: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return made


if __name__ == "__main__":
    print(json.dumps(start(int(sys.argv[1]) if sys.argv[1:] else PHOTOS)))
