"""`python -m tests.chaos SECONDS [SEED]`: faults while clients register, withdraw and ask. The last line is JSON.

Exit code 1 where something acknowledged was lost, or an answer was wrong. The log names the seed and each event.
"""

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.http.__main__ import await_ready
from config.local.application import Address, application, issue_key
from config.local.home import Home
from tests.chaos.clients import Asker, Writer
from tests.chaos.faults import TRIGGER, Faults
from tests.chaos.ledger import Ledger
from tests.chaos.proxy import Proxy
from tests.integration.sequence.processes import Cast, World, until
from tests.integration.sequence.test_at_all_times import repeating

RECOVERY_S = 120
STANDING = "SELECT id FROM matching_protection WHERE state = 'active'"
# A photo is registered once and withdrawn once.
TWICE = "SELECT subject FROM matching_change WHERE kind = 'protection' GROUP BY subject HAVING count(*) > 2"
Say = Callable[[str], None]


def chaos(seconds: float, seed: int, folder: Path, say: Say) -> Ledger:
    world = World(folder)
    world.start()
    try:
        world.migrate()
        world.execute(TRIGGER)
        pg = Proxy(Path(world.postgres.url.split("host=")[1]) / ".s.PGSQL.5432")
        proxies = {"PostgreSQL": pg, "Valkey": Proxy(world.valkey.socket)}
        for proxy in proxies.values():
            proxy.start()
        try:
            return among(world, proxies, seconds, seed, say)
        finally:
            for proxy in proxies.values():
                proxy.stop()
    finally:
        world.stop()


def through(world: World, proxies: dict[str, Proxy]) -> dict[str, str]:
    """The environment of processes that reach the services through the proxies."""
    role = world.postgres.url.partition("@")[0]
    valkey = f"redis://127.0.0.1:{proxies['Valkey'].port}"
    url = f"{role}@127.0.0.1:{proxies['PostgreSQL'].port}/veto"
    said = {"DATABASE_URL": url, "REDIS_URL": f"{valkey}/0", "CELERY_BROKER_URL": f"{valkey}/1"}
    return world.environment | said | {"UNITS_PER_MINUTE": str(10**9), "WEB_WORKERS": "2"}


def among(world: World, proxies: dict[str, Proxy], seconds: float, seed: int, say: Say) -> Ledger:
    environment, ledger, chance = through(world, proxies), Ledger(), random.Random(seed)
    home, address = Home(world.folder / "home"), Address.free()
    home.open()
    key = issue_key(home, os.environ | world.environment, "chaos")
    parts = {part.name: part for part in application(home, os.environ | environment, address)}
    cast = Cast(environment)
    try:
        for part in parts.values():
            part.start()
        faults = Faults(world, parts, proxies, chance)
        await_ready(address)
        writers = [Writer(actor, ledger, seed + number) for number, actor in enumerate(cast.actors(2))]
        askers = [Asker(address.port, key, ledger, seed + number) for number in range(3)]
        with repeating(*(each.turn for each in [*writers, *askers])):
            names: list[str] = []
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                names = names or chance.sample(sorted(faults.all), len(faults.all))
                name = names.pop()
                say(name)
                faults.all[name]()
                faults.wait()
            say("no more faults")
        await_ready(address)
        judge(world, ledger, askers[0])
    finally:
        cast.end()
        for part in reversed(parts.values()):
            part.stop()
        home.close()
    say(f"checks were told {dict(ledger.told)}")
    return ledger


def judge(world: World, ledger: Ledger, asker: Asker) -> None:
    answers: dict[str, str] = {}

    def known() -> bool:
        for each in ledger.opt_outs:
            expected = "no_match" if each.gone else "protected"
            if answers.get(each.code) != expected and not (each.leaving and not each.gone):
                answers[each.code] = asker.ask(each.code)
                if answers[each.code] != expected:
                    return False
        return True

    try:
        until(known, within=RECOVERY_S)
    except AssertionError:  # each is asked once more, and what is missing is counted
        answers.update({each.code: asker.ask(each.code) for each in ledger.opt_outs})
    standing = {str(row[0]) for row in world.execute(STANDING)}
    ledger.settle(standing, answers, len(world.execute(TWICE)))


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(10**6)
    began = time.monotonic()

    def say(event: str) -> None:
        print(f"{time.monotonic() - began:8.2f} {event}", file=sys.stderr, flush=True)

    say(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="veto-chaos-") as folder:
        ledger = chaos(seconds, seed, Path(folder), say)
    print(json.dumps(ledger.result()), flush=True)
    return int(bool(ledger.lost or ledger.wrong))


if __name__ == "__main__":
    sys.exit(main())
