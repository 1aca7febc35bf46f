"""What goes wrong, one thing after the other, each mended before the next. From the main thread alone."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from config.local.child import Child
from tests.chaos.proxy import Proxy
from tests.integration.sequence.processes import World

TRIGGER = """
CREATE FUNCTION chaos() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF hashtext(NEW.id::text) % 10 = 0 THEN RAISE EXCEPTION 'chosen by chaos'; END IF; RETURN NEW;
END $$;
CREATE TRIGGER chaos BEFORE INSERT ON matching_protection FOR EACH ROW EXECUTE FUNCTION chaos()
"""


class Faults:
    def __init__(
        self, world: World, parts: Mapping[str, Child], proxies: Mapping[str, Proxy], chance: random.Random
    ) -> None:
        self.world, self.parts, self.proxies, self.chance = world, parts, proxies, chance
        self.snapshot: Path = world.backup(world.valkey)
        self.all: dict[str, Callable[[], None]] = {
            "flush Valkey": world.flush,
            "old Valkey": lambda: world.restore(world.valkey, self.snapshot),
            "kill Valkey": lambda: self.killed(world.valkey),
            "kill PostgreSQL": lambda: self.killed(world.postgres),
            "pause Valkey": lambda: self.paused(world.valkey),
            "pause PostgreSQL": lambda: self.paused(world.postgres),
        }
        for name in parts:
            self.all[f"kill {name}"] = lambda name=name: self.kill_part(name)
            self.all[f"pause one of {name}"] = lambda name=name: self.pause_part(name)
        for name, proxy in proxies.items():
            self.all[f"slow {name}"] = lambda proxy=proxy: self.slow(proxy)
            self.all[f"reset {name}"] = proxy.reset
            self.all[f"black hole {name}"] = lambda proxy=proxy: self.swallow(proxy)

    def wait(self) -> None:
        time.sleep(self.chance.uniform(0.5, 3))

    def killed(self, service: object) -> None:
        service.kill()  # type: ignore[attr-defined]
        self.wait()
        service.start()  # type: ignore[attr-defined]

    def paused(self, service: object) -> None:
        service.pause()  # type: ignore[attr-defined]
        try:
            self.wait()
        finally:
            service.resume()  # type: ignore[attr-defined]

    def kill_part(self, name: str) -> None:
        self.parts[name].kill()
        self.wait()
        self.parts[name].start()

    def pause_part(self, name: str) -> None:
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            chosen = self.chance.choice(self.parts[name].family())
            os.kill(chosen.pid, signal.SIGSTOP)
            try:
                self.wait()
            finally:
                os.kill(chosen.pid, signal.SIGCONT)

    def slow(self, proxy: Proxy) -> None:
        proxy.delay_s = self.chance.uniform(0.02, 0.3)
        self.wait()
        proxy.delay_s = 0

    def swallow(self, proxy: Proxy) -> None:
        """What was swallowed is missing from its connection, which therefore ends with the hole."""
        proxy.hole = True
        self.wait()
        proxy.reset()
        time.sleep(0.1)
        proxy.hole = False
