"""How fast photos go through, whether the page stays alive meanwhile, and what it takes of memory."""

import io
import os
import threading
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Any, Final, Self

import psutil
from playwright.sync_api import CDPSession, Locator, Page

from tests.browser.engine import Engine
from tests.pictures import picture

PENDING: Final = 8  # photos handed over at a time, as the pages do
DISTINCT: Final = 40  # pictures; each is then many files
PAGE: Final = """async ([pending, wantDetails]) => {
  const files = [...document.getElementById("bench").files], tasks = [], failed = {};
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({duration}) => duration)));
  observer.observe({type: "longtask"});
  let gap = 0, last = performance.now(), next = 0;
  const ticking = setInterval(() => {
    gap = Math.max(gap, performance.now() - last);
    last = performance.now();
  }, 10);
  const begin = performance.now();
  await Promise.all(Array.from({length: pending}, async () => {
    while (next < files.length) {
      try {
        const {detailsLater} = await hasher.hash(files[next++], {wantDetails});
        await detailsLater;
      } catch ({code}) {
        failed[code] = (failed[code] ?? 0) + 1;
      }
    }
  }));
  const seconds = (performance.now() - begin) / 1000;
  await new Promise((done) => setTimeout(done, 200));
  clearInterval(ticking);
  return {
    photos: files.length, failed, seconds: +seconds.toFixed(1), photos_per_second: +(files.length / seconds).toFixed(2),
    long_tasks: tasks.length, longest_task_ms: Math.max(0, ...tasks), longest_wait_of_a_timer_ms: Math.round(gap),
  };
}"""


def measured(engine: Engine, files: list[Path], details: bool) -> dict[str, Any]:
    """Files that are handed to the page all at once."""
    input_of(engine.page).set_input_files(files)
    devtools = engine.page.context.new_cdp_session(engine.page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = of_main_thread(devtools)
    with Memory() as memory:
        found: dict[str, Any] = engine.page.evaluate(PAGE, [PENDING, details])
    spent = (of_main_thread(devtools) - before) / len(files)
    return found | {"main_thread_cpu_ms_per_photo": round(1000 * spent, 1)} | memory.found()


def of_main_thread(devtools: CDPSession) -> float:
    """Seconds of the processor that the page itself has had, however busy the machine is."""
    return next(
        it["value"] for it in devtools.send("Performance.getMetrics")["metrics"] if it["name"] == "TaskDuration"
    )


def generated(within: Path, count: int, size: tuple[int, int]) -> list[Path]:
    """So many JPEG files of a size."""
    folder = Path(mkdtemp(dir=within))
    files = [folder / f"{number:05}.jpg" for number in range(count)]
    for number, path in enumerate(files):
        if number < DISTINCT:
            file = io.BytesIO()
            picture(number, size).save(file, "JPEG", quality=90)
            path.write_bytes(file.getvalue())
        else:
            path.hardlink_to(files[number % DISTINCT])
    return files


def input_of(page: Page) -> Locator:
    input_ = "Object.assign(document.createElement('input'), {type: 'file', multiple: true, id: 'bench'})"
    page.evaluate(f"document.body.append({input_})")
    return page.locator("#bench")


class Memory:
    """What the browser's processes hold that is theirs alone, four times a second, and how much more than before."""

    def __enter__(self) -> Self:
        self._before, self._peak, self._done = held(), 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.25):
            self._peak = max(self._peak, held())

    def found(self) -> dict[str, Any]:
        return {"memory_before_mb": self._before // 10**6, "peak_memory_mb": self._peak // 10**6}


def held() -> int:
    """Bytes of the renderer that holds most: the page and its workers."""
    most = 0
    for process in psutil.Process(os.getpid()).children(recursive=True):
        try:
            if "--type=renderer" in process.cmdline():
                most = max(most, process.memory_full_info().uss)
        except psutil.Error:
            continue  # it ended meanwhile
    return most
