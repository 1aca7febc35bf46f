"""What goes wrong, and how it is mended. From the main thread alone.

Each fault is a generator: it begins, yields while it lasts, ends, and returns whether it really was one.
"""

import contextlib
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial

import psutil
import psycopg

from config.local.child import Child
from config.local.services import Postgres, Valkey
from tests.chaos.disks import Disk
from tests.chaos.proxy import Proxy
from tests.chaos.stage import Stage
from tests.integration.sequence.processes import until

# Of every kind of row that an act writes some cannot be written, whoever tries. And numbers cannot be given, at times.
FAILING = ("matching_protection", "matching_storedfingerprint", "matching_change", "matching_event", "matching_told",
           "consent_optout", "consent_auditevent")  # fmt: skip
TRIGGER = """
CREATE SEQUENCE chaos_failed;
CREATE FUNCTION chaos() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF TG_OP = 'UPDATE' AND random() < 0.01 OR TG_OP = 'INSERT' AND hashtext(NEW.id::text) % 50 = 0 THEN
        PERFORM nextval('public.chaos_failed');
        RAISE EXCEPTION 'chosen by chaos';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER chaos_numbers BEFORE UPDATE OF number ON matching_change FOR EACH ROW EXECUTE FUNCTION chaos();
""" + "".join(f"CREATE TRIGGER chaos BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION chaos();"
              for table in FAILING)  # fmt: skip
FAILED = "SELECT last_value FROM chaos_failed WHERE is_called"  # a sequence is not rolled back
ROWS = "rows failed"
DECODER = "matching.hashing.decoder_process"
REFUSALS = 3

Course = Generator[None, None, bool]


@dataclass(frozen=True)
class Fault:
    name: str
    target: str  # two at once are of different ones
    course: Callable[[], Course]


class Faults:
    def __init__(self, stage: Stage, chance: random.Random, say: Callable[[str], None]) -> None:
        self.stage, self.world, self.chance, self.say = stage, stage.world, chance, say
        self.at_first = self.published()
        self.happened: Counter[str] = Counter()
        self.started_again: Counter[str] = Counter()
        self.all = {fault.name: fault for fault in self._planned()}
        self.world.execute(TRIGGER)

    def _planned(self) -> list[Fault]:
        services = {"PostgreSQL": self.world.postgres, "Valkey": self.world.valkey}
        planned = [
            Fault("flush Valkey", "Valkey", self.flush),
            Fault("old Valkey", "Valkey", self.old_valkey),
            Fault("kill one of web", "web", self.kill_worker),
            Fault("kill decoder", "web", self.kill_decoder),
            Fault("deafen Valkey", "Valkey", partial(self.deafen, self.stage.proxies["Valkey"])),
            Fault("refuse webhooks", "webhooks", self.refuse_webhooks),
        ]
        for name, service in services.items():
            planned.append(Fault(f"kill {name}", name, partial(self.killed, service)))
            planned.append(Fault(f"pause {name}", name, partial(self.paused, service)))
        for name, part in self.stage.parts.items():
            planned.append(Fault(f"kill {name}", name, partial(self.killed, part)))
            planned.append(Fault(f"pause one of {name}", name, partial(self.part_paused, part)))
        for name, proxy in self.stage.proxies.items():
            planned.append(Fault(f"slow {name}", name, partial(self.slow, proxy)))
            planned.append(Fault(f"reset {name}", name, partial(self.reset, proxy)))
            planned.append(Fault(f"black hole {name}", name, partial(self.swallow, proxy)))
        full = {"PostgreSQL": self.postgres_full, "Valkey": self.valkey_full, "web": self.index_full}
        planned += [
            Fault(f"full disk of {name}", name, partial(full[name], disk))
            for name, disk in self.stage.disks.items()
            if disk.mounted
        ]
        return planned

    def names(self) -> list[str]:
        return self.chance.sample(sorted(self.all), len(self.all))

    def run(self, *names: str) -> None:
        """All at once, for a while."""
        courses = {name: self.all[name].course() for name in names}
        for course in courses.values():
            next(course)
        self.wait()
        for name, course in reversed(courses.items()):
            try:
                next(course)
            except StopIteration as ended:
                self.happened[name] += bool(ended.value)
        self.supervise()

    def wait(self) -> None:
        time.sleep(self.chance.uniform(0.5, 3))

    def supervise(self) -> None:
        """A part that ended is started again, as systemd or Kubernetes would."""
        for name, part in self.stage.parts.items():
            if not part.running:
                self.started_again[name] += 1
                self.say(f"{name} had ended, code {part.exit_code}:\n{part.last_lines(5)[-2000:]}")
                part.start()

    def count_failed_rows(self) -> None:
        self.happened[ROWS] = sum(int(count) for (count,) in self.world.execute(FAILED))

    def never(self) -> list[str]:
        return [name for name in (*sorted(self.all), ROWS) if not self.happened[name]]

    # Valkey

    def published(self) -> int:
        try:
            return int(self.world.entry()[b"number"])
        except ValueError:  # it was emptied
            return 0

    def flush(self) -> Course:
        self.world.flush()
        yield
        return True

    def old_valkey(self) -> Course:
        """Restarted from what it held at the beginning."""
        newer = self.published() > self.at_first
        self.world.restore(self.world.valkey, self.stage.snapshot)
        yield
        return newer

    # Processes

    def killed(self, killed: Child | Postgres | Valkey) -> Course:
        killed.kill()
        gone = not killed.running
        yield
        killed.start()
        return gone

    def paused(self, service: Postgres | Valkey) -> Course:
        service.pause()
        stopped = stands(psutil.Process(service.pid))
        yield
        service.resume()
        return stopped

    def part_paused(self, part: Child) -> Course:
        family = [each for each in part.family() if alive(each)]
        if not family:
            yield
            return False
        chosen = self.chance.choice(family)
        with contextlib.suppress(psutil.Error):
            chosen.suspend()
        stopped = stands(chosen)
        yield
        with contextlib.suppress(psutil.Error):
            chosen.resume()
        return stopped

    def kill_worker(self) -> Course:
        web = self.stage.parts["web"]
        return self.kill_one([each for each in web.family() if each.pid != web.pid and not decodes(each)])

    def kill_decoder(self) -> Course:
        found: list[psutil.Process] = []

        def there() -> bool:
            found[:] = [each for each in self.stage.parts["web"].family() if decodes(each)]
            return bool(found)

        with contextlib.suppress(AssertionError):
            until(there, within=10)
        return self.kill_one(found)

    def kill_one(self, among: Sequence[psutil.Process]) -> Course:
        gone = False
        if among:
            chosen = self.chance.choice(among)
            with contextlib.suppress(psutil.Error):
                chosen.send_signal(signal.SIGKILL)
                gone = True
        yield
        return gone

    # Lines

    def slow(self, proxy: Proxy) -> Course:
        before = proxy.delayed
        proxy.delay_s = self.chance.uniform(0.02, 0.3)
        yield
        proxy.delay_s = 0
        return proxy.delayed > before

    def reset(self, proxy: Proxy) -> Course:
        before = proxy.cut
        proxy.reset()
        yield
        return proxy.cut > before

    def swallow(self, proxy: Proxy) -> Course:
        before = proxy.swallowed
        proxy.hole = True
        yield
        proxy.mend()
        return proxy.swallowed > before

    def deafen(self, proxy: Proxy) -> Course:
        """Lines die and nobody is told, as when a router forgets them."""
        before = proxy.swallowed
        proxy.deafen()
        yield
        return proxy.swallowed > before

    def refuse_webhooks(self) -> Course:
        statuses = self.stage.receiver.statuses
        statuses.extend([503] * REFUSALS)
        yield
        with contextlib.suppress(AssertionError):
            until(lambda: len(statuses) < REFUSALS, within=10)
        return len(statuses) < REFUSALS

    # Disks

    def postgres_full(self, disk: Disk) -> Course:
        """It may end, and is then started again when there is room."""
        disk.fill()
        yield
        noticed = False
        try:
            self.world.execute("CREATE TABLE chaos_full AS SELECT repeat(i::text, 9) FROM generate_series(1, 99999) i")
            self.world.execute("DROP TABLE chaos_full")
        except psycopg.Error:
            noticed = True
        disk.free()

        def answers() -> bool:
            self.world.postgres.start()
            with contextlib.suppress(psycopg.Error):
                return bool(self.world.execute("SELECT 1"))
            return False

        until(answers, within=90)
        return noticed

    def valkey_full(self, disk: Disk) -> Course:
        noticed = False
        disk.fill()
        yield
        with self.world.redis() as client, contextlib.suppress(AssertionError):
            until(lambda: bool(client.info("persistence")["aof_last_write_status"] == "err"), within=10)
            noticed = True
        disk.free()
        return noticed

    def index_full(self, disk: Disk) -> Course:
        """Where no segment is left and there is no room for one: each process keeps an index of its own."""
        web, said = self.stage.parts["web"], b"index_not_shared"
        before = web.log.read_bytes().count(said)
        web.kill()
        for segment in disk.path.glob("veto-*"):
            segment.unlink()
        disk.fill()
        web.start()
        yield
        with contextlib.suppress(AssertionError):
            until(lambda: web.log.read_bytes().count(said) > before, within=30)
        disk.free()
        return web.log.read_bytes().count(said) > before


def alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def stands(process: psutil.Process) -> bool:
    """A moment after it was told to."""
    with contextlib.suppress(AssertionError, psutil.Error):
        until(lambda: bool(process.status() == psutil.STATUS_STOPPED), within=5)
        return True
    return False


def decodes(process: psutil.Process) -> bool:
    try:
        return DECODER in process.cmdline()
    except psutil.Error:
        return False
