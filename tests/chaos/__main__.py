"""`python -m tests.chaos SECONDS [SEED]`: faults while people register, change, withdraw and erase, and platforms ask.

The last line is JSON, the one before it counts the faults. Exit code 1 where something acknowledged was lost, an
answer was wrong, or a kind of fault never came in a run that is long enough for all. The log names the seed and each
event.
"""

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.http.__main__ import await_ready
from config.local.child import last_lines
from tests.chaos.faults import Faults
from tests.chaos.judge import RECOVERY_S, judge, unanswered
from tests.chaos.ledger import Ledger
from tests.chaos.people import Person
from tests.chaos.platforms import Asker
from tests.chaos.stage import Stage, staged
from tests.integration.sequence.processes import Line, until
from tests.integration.sequence.test_at_all_times import repeating

LONG_S = 600.0  # in which every kind of fault comes
TWO_AT_ONCE = 0.3
PEOPLE, ASKERS = 3, 3
Say = Callable[[str], None]


def chaos(seconds: float, seed: int, folder: Path, say: Say) -> tuple[Ledger, Faults]:
    with staged(folder) as stage:
        for name, disk in stage.disks.items():
            if not disk.mounted:
                say(f"no full disk of {name}: no file system may be mounted here")
        for part in stage.parts.values():
            part.start()
        try:
            return among(stage, seconds, seed, say)
        except BaseException:
            for part in stage.parts.values():
                say(f"the end of the log of {part.name}:\n{part.last_lines(20)}")
            log = stage.world.folder / "postgres.log"
            say(f"the end of the log of PostgreSQL:\n{last_lines(log, 20)}")
            raise


def among(stage: Stage, seconds: float, seed: int, say: Say) -> tuple[Ledger, Faults]:
    ledger, chance = Ledger(), random.Random(seed)
    await_ready(stage.address)
    people = [Person(stage.address.url, ledger, seed + number) for number in range(PEOPLE)]
    for person in people:
        person.come_in()
    hear_events(stage)
    faults = Faults(stage, chance, say)
    askers = [Asker(stage.address.port, stage.key, ledger, seed + number) for number in range(ASKERS)]
    with repeating(*(each.turn for each in people), *(each.turn for each in askers)):
        harm(faults, chance, seconds, say)
    await_ready(stage.address)
    try:
        until(lambda: all(person.settle() for person in people), within=RECOVERY_S)
    except AssertionError:
        raise AssertionError(f"though all is well again, nobody answers to {unanswered(people)}") from None
    for fault in judge(stage, ledger, people):
        say(fault)
    faults.count_failed_rows()
    say(f"acknowledged {dict(ledger.done)}, with {sum(len(person.signed_up) for person in people)} sign-ups")
    say(f"checks were told {dict(ledger.told)}")
    use = {name: f"{disk.used_mib} MiB" for name, disk in stage.disks.items() if disk.mounted}
    say(f"disks hold {use}")
    say(f"events taken: {len(stage.receiver.received)}; started again: {dict(faults.started_again)}")
    return ledger, faults


def hear_events(stage: Stage) -> None:
    line = Line(stage.address.port)
    made = line.ask("POST", "/v1/webhook-endpoints", {"url": stage.receiver.url}, stage.key)
    assert made.status == 201, made.body
    line.close()


def harm(faults: Faults, chance: random.Random, seconds: float, say: Say) -> None:
    names: list[str] = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        names = names or faults.names()
        chosen = [names.pop()]
        if names and chance.random() < TWO_AT_ONCE and faults.all[names[-1]].target != faults.all[chosen[0]].target:
            chosen.append(names.pop())
        say(" and ".join(chosen))
        faults.run(*chosen)
        faults.wait()
    say("no more faults")


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else LONG_S
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(10**6)
    began = time.monotonic()

    def say(event: str) -> None:
        print(f"{time.monotonic() - began:8.2f} {event}", file=sys.stderr, flush=True)

    say(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="veto-chaos-") as folder:
        ledger, faults = chaos(seconds, seed, Path(folder), say)
    never = faults.never() if seconds >= LONG_S else []
    if never:
        say(f"never happened: {', '.join(never)}")
    print(json.dumps({"faults": dict(sorted(faults.happened.items()))}))
    print(json.dumps(ledger.result()), flush=True)
    return int(bool(ledger.lost or ledger.wrong or never))


if __name__ == "__main__":
    sys.exit(main())
