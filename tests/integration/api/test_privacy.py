"""A photo and its hashes leave no trace: not in the databases, the logs, nor in any file while it is asked about."""

import contextlib
import json
import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.web import Web
from tests.pictures import encoded, picture

pytestmark = pytest.mark.usefixtures("committed")


SHARED = (Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"))


def folders(web: Web) -> list[Path]:
    """Wherever a process of this service writes: the data of both databases, the logs, temporary files."""
    open_files: set[Path] = set()
    for process in [psutil.Process(web.pid), *psutil.Process(web.pid).children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):  # a decoder's child ends when it has answered
            open_files |= {Path(file.path).parent for file in process.open_files()}
    services = {Path(os.environ["VETO_HOME"])} if "VETO_HOME" in os.environ else set()
    return [*open_files, *services, *SHARED]


def subfolders(place: Path) -> set[str]:
    return (
        {entry.name for entry in os.scandir(place) if entry.is_dir(follow_symlinks=False)} if place.is_dir() else set()
    )


def states(places: list[Path], passed: dict[Path, set[str]]) -> Iterator[tuple[Path, tuple[int, int]]]:
    """Every file below the folders, with what changes when it is written to. One that is gone meanwhile is passed."""
    for place in places:
        for folder, below, names in os.walk(place):
            below[:] = [name for name in below if name not in passed.get(Path(folder), ())]
            for path in (Path(folder, name) for name in names):
                with contextlib.suppress(OSError):
                    state = path.lstat()
                    if stat.S_ISREG(state.st_mode):
                        yield path, (state.st_mtime_ns, state.st_size)


class Watch(threading.Thread):
    """Reads every file below the folders that is written to while it runs, and looks for the traces in it.

    Of the folders that everyone may write to it passes the subfolders that were there before: they are others'.
    """

    def __init__(self, places: list[Path], traces: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.places, self.traces = places, traces
        self.passed = {place: subfolders(place) for place in SHARED}
        self.seen = dict(states(places, self.passed))
        self.found: list[Path] = []
        self.rounds = 0
        self.ended = False

    def look(self) -> None:
        for path, state in states(self.places, self.passed):
            if self.seen.get(path) != state:
                self.seen[path] = state
                with contextlib.suppress(OSError):
                    data = path.read_bytes()
                    self.found += [path for trace in self.traces if trace in data]
        self.rounds += 1

    def run(self) -> None:
        while not self.ended:
            self.look()


def test_the_watch_finds_what_is_there(web: Web, tmp_path: Path) -> None:
    watch = Watch([tmp_path], [b"canary" * 9])
    (tmp_path / "left.bin").write_bytes(b"before" + b"canary" * 9 + b"after")
    watch.look()
    assert watch.found == [tmp_path / "left.bin"]


def test_each_request_is_one_line_of_the_log_with_its_id_and_nothing_of_what_was_asked(web: Web, key: str) -> None:
    code = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
    answers = [
        web.check({"profile": "pdq", "hashes": [{"hash": code}]}, key),
        web.check({"profile": "pdq", "hashes": [{"hash": code, "quality": code}]}, key),
        web.ask("GET", f"/v1/me?hash={code}", None, key),
    ]
    log = web.log.read_text()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    for answer, status in zip(answers, (200, 422, 200), strict=True):
        [line] = [line for line in lines if line.get("request_id") == answer.headers["x-request-id"]]
        assert (line["event"], line["status"], line["kid"]) == ("request", status, key.split("_")[2])
    assert code not in log
    assert key not in log


@pytest.mark.parametrize("size", [(640, 480), (2800, 2100)], ids=["a small photo", "a photo of 4 MB"])
def test_a_photo_that_is_asked_about_leaves_no_trace(web: Web, key: str, size: tuple[int, int]) -> None:
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(size[0]).normal(0, 24, (size[1], size[0], 3))
    canary = Image.fromarray((np.asarray(picture(size[0], size), float) + noise).clip(0, 255).astype(np.uint8))
    photo = encoded(canary, quality=95)
    assert size[0] < 1000 or len(photo) > 4e6
    pieces = [photo[start : start + 64] for start in range(1000, len(photo) - 64, len(photo) // 20)]
    watch = Watch(folders(web), pieces)
    before = dict(watch.seen)
    watch.start()
    hashes = []
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline or watch.rounds < 4:
        answer = web.check_image(photo, key)
        assert answer.status == 200
        hashes = answer.json["hashes"]
    watch.ended = True
    watch.join()
    assert watch.found == []

    codes = [bytes.fromhex(item["hash"]) for item in hashes]
    after = Watch(folders(web), [*codes, *(code.hex().encode() for code in codes)])
    after.seen = before  # all that was written since the first question
    after.look()
    assert after.found == []
