"""One process of many: does what a test tells it over its standard input, a JSON object a line each way.

It runs the real code. Where a test wants it dead or held up at one point, it replaces one function in itself.
"""

import contextlib
import io
import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import close_old_connections, connection, transaction  # noqa: E402

from consent import actions  # noqa: E402
from consent.actions import people  # noqa: E402
from consent.models import Person, Photo  # noqa: E402
from matching import access, checks, follower, keys, platforms, published, registry, sequence, stored  # noqa: E402
from matching.index import segment  # noqa: E402
from matching.models import Change, Platform, Sequence  # noqa: E402
from matching.problems import Problem  # noqa: E402
from tests.integration.sequence.hashes import as_asked, fingerprint, random_hash  # noqa: E402

REFUSED = ["edit"]
reader = follower.Follower()
thread = threading.Thread()
commands: dict[str, Callable[..., Any]] = {}


def command(function: Callable[..., Any]) -> Callable[..., Any]:
    commands[function.__name__] = function
    return function


def hear() -> dict[str, Any]:
    line = sys.stdin.readline()
    return json.loads(line) if line else sys.exit(0)


def say(answer: Any) -> None:
    print(json.dumps(answer, default=str), flush=True)


# Writing


@command
def protect(code: str, refuse: list[str] = REFUSED, assurance: int = 0) -> dict[str, Any]:
    decided = actions.protect_photo(
        by=Person.objects.operator(), fingerprints=[fingerprint(code)], refuse=refuse, assurance=assurance
    )
    change = Change.objects.get(subject=decided.photo.protection)
    return {
        "photo": decided.photo.id,
        "protection": decided.photo.protection,
        "in_effect": decided.in_effect,
        "number": change.number,
    }


@command
def keep_details(protection: str, packed: str) -> bool:
    with transaction.atomic():
        registry.keep_details(UUID(protection), bytes.fromhex(packed))
    return sequence.settled()


@command
def drop_details(protection: str) -> bool:
    with transaction.atomic():
        registry.drop_details(UUID(protection))
    return sequence.settled()


@command
def withdraw(photo: str) -> bool:
    """Whether that is in effect, as the command line says it."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        call_command("withdraw_photo", Photo.objects.get(id=photo).ref)
    return bool(json.loads(said.getvalue())["state"] == "withdrawn")


@command
def exclude(code: str, photo: str | None = None, minimum_assurance: int | None = None) -> str:
    """Its id, once it is in effect."""
    made = actions.exclude_image(
        by=Person.objects.operator(),
        queries=[fingerprint(code)],
        reason="a test's",
        photo=Photo.objects.get(id=photo) if photo else None,
        minimum_assurance=minimum_assurance,
    )
    assert made.in_effect
    return str(made.id)


@command
def withdraw_exclusion(exclusion: str) -> bool:
    return actions.withdraw_exclusion(by=Person.objects.operator(), exclusion=UUID(exclusion))


@command
def put_back(photo: str) -> bool:
    return actions.restore_photos(by=Person.objects.operator(), photos=Photo.objects.filter(id=photo)).in_effect


@command
def open_account(email: str) -> str:
    return str(people.open_account(email=email, password="a long enough word").id)


@command
def change_password(person: str) -> None:
    people.change_secret(by=Person.objects.get(id=person), secret="another long word")


@command
def erase_account(person: str) -> bool:
    return actions.erase_person(by=Person.objects.get(id=person))


@command
def erase(photo: str) -> bool:
    return actions.erase_photos(by=Person.objects.operator(), photos=[Photo.objects.get(id=photo)])


@command
def excluded() -> int:
    """How many excluded images the reader holds."""
    return len(reader.excluded)


@command
def revoke(kid: str) -> bool:
    return keys.revoke(by="test", kid=kid)


@command
def suspend(platform: str) -> bool:
    return platforms.suspend(by="test", name=platform)


@command
def rotate(kid: str) -> bool:
    """Whether it is known everywhere that another key has taken the place of this one."""
    return keys.rotate(by="test", kid=kid, overlap=timedelta())[2]


@command
def hammer() -> int:
    """Register until the next line comes; how many were registered and at once in effect."""
    done = 0
    person = Person.objects.operator()
    while not select.select([sys.stdin], [], [], 0)[0]:
        decided = actions.protect_photo(by=person, fingerprints=[fingerprint(random_hash())], refuse=REFUSED)
        done += decided.in_effect
    hear()
    return done


@command
def protect_many(count: int) -> list[bool]:
    person = Person.objects.operator()
    prints = [fingerprint(random_hash()) for _ in range(count)]
    return [actions.protect_photo(by=person, fingerprints=[each], refuse=REFUSED).in_effect for each in prints]


@command
def open_transaction(code: str) -> str:
    """Begin to protect, and leave the transaction open for `commit`."""
    transaction.set_autocommit(False)
    return str(registry.protect([fingerprint(code)], refuse=REFUSED, assurance=0))


@command
def commit() -> None:
    connection.commit()
    transaction.set_autocommit(True)


@command
def settle() -> list[int]:
    position = sequence.settle()
    return [position.epoch, position.number]


@command
def settled() -> bool:
    return sequence.settled()


@command
def raise_epoch() -> list[int]:
    position = sequence.raise_epoch()
    return [position.epoch, position.number]


@command
def declare_complete() -> bool:
    return sequence.declare_complete(Sequence.objects.get().epoch)


@command
def record_only(code: str) -> None:
    """Protect, and leave the numbering to the next who settles."""
    with transaction.atomic():
        registry.protect([fingerprint(code)], refuse=REFUSED, assurance=0)


@command
def issue(platform: str) -> str:
    owner, _ = Platform.objects.get_or_create(name=platform)
    return keys.issue(by="test", platform=owner, livemode=True)[0].kid


# Faults, in this process alone


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@command
def die_before_numbering() -> None:
    sequence.number_committed = die


@command
def die_before_publishing() -> None:
    published.publish = die


@command
def wait_before_publishing() -> None:
    """From now on say "waiting" before each publication, and go on at the next line."""
    publish = published.publish

    def wait(*arguments: Any) -> Any:
        say("waiting")
        hear()
        return publish(*arguments)

    published.publish = wait


@command
def fail_to_apply(times: int) -> None:
    """The next changes cannot be read, so many times."""
    load = stored.load
    left = [times]

    def fail(rows: list[Any]) -> Any:
        if left[0]:
            left[0] -= 1
            raise follower.UnreadableBlobError("a fault of the test's")
        return load(rows)

    stored.load = fail


# Reading


@command
def load() -> list[int]:
    """A new reader, at the present."""
    global reader  # noqa: PLW0603 (the one thing this process has)
    reader = follower.Follower()
    reader.load()
    assert reader.position
    return [reader.position.epoch, reader.position.number]


@command
def merge_early() -> None:
    """A segment is worth merging as soon as there are more than two codes."""
    segment.FEW = 2


@command
def tend() -> None:
    """What the reader's own thread does besides catching up."""
    reader.tend()


@command
def maps(text: str) -> int:
    """How many mappings of this process name this file."""
    return sum(line.rstrip().endswith(text) for line in Path("/proc/self/maps").read_text().splitlines())


@command
def follow() -> None:
    """What the reader's own thread does once a second."""
    if reader.position is not None:
        reader.current()
    if reader.position is None:
        reader.load()


@command
def start_following() -> None:
    """A new reader with its thread."""
    global reader, thread  # noqa: PLW0603
    reader = follower.Follower()
    thread = threading.Thread(target=reader.run, daemon=True)
    thread.start()


@command
def load_anew() -> None:
    """Let the thread meet what is there: a turn has begun and ended when it returns."""
    turns = iter(range(2))
    turned, load_once = threading.Event(), reader.load

    def load() -> None:
        try:
            load_once()
        finally:
            if next(turns, None) is None:
                turned.set()

    reader.load = load
    reader.position = None
    assert turned.wait(10)


@command
def following() -> bool:
    return thread.is_alive()


@command
def becomes_current() -> bool:
    """The thread is given ten seconds."""
    for _ in range(100):
        if reader.current():
            return True
        time.sleep(0.1)
    return False


@command
def current() -> bool:
    return reader.current()


@command
def position() -> list[int] | None:
    return [reader.position.epoch, reader.position.number] if reader.position else None


@command
def ask(code: str, uses: list[str] = REFUSED) -> str:
    """The result, or the code of the problem."""
    try:
        decision = checks.ask(reader, [fingerprint(code)], uses=uses, current=reader.current())
    except Problem as problem:
        return problem.code
    return decision.result if decision else "indeterminate"


@command
def ask_details(packed: str, uses: list[str] = REFUSED) -> str:
    """The same of an image whose hashes nobody has, and whose details are these."""
    offered = checks.Offered(lambda: as_asked(bytes.fromhex(packed)).to_bytes(coarse=False))
    question = [fingerprint(random_hash())]
    try:
        decision = checks.ask(reader, question, offered=offered, uses=uses, current=reader.current())
    except Problem as problem:
        return problem.code
    return decision.result if decision else "indeterminate"


@command
def ask_while_catching_up(code: str, threads: int) -> list[str]:
    """One thread is held up while it applies; the others ask meanwhile, and it goes on when each waits or has said."""
    apply, applying, go_on = reader._apply, threading.Event(), threading.Event()

    def held_up(*arguments: Any) -> None:
        applying.set()
        go_on.wait(10)
        apply(*arguments)

    reader._apply = held_up
    with ThreadPoolExecutor(threads + 1) as pool:
        first = pool.submit(ask, code)
        applying.wait(10)
        others = [pool.submit(ask, code) for _ in range(threads)]
        wait(others, timeout=0.5)  # an answer that is given now is given too early
        go_on.set()
        return [each.result() for each in [first, *others]]


@command
def look_up_held_up(kid: str) -> dict[str, Any] | None:
    """Look up a key; say "waiting" when it was read and not yet remembered, and go on at the next line."""
    read = access.from_database

    def held_up(kid: str) -> access.Access | None:
        found = read(kid)
        say("waiting")
        hear()
        with ThreadPoolExecutor(1) as another_thread:
            assert another_thread.submit(reader.current).result()
        return found

    access.from_database = held_up
    try:
        return look_up(kid)
    finally:
        access.from_database = read


@command
def look_up(kid: str) -> dict[str, Any] | None:
    current = reader.current()
    belief = reader.directory.look_up(kid, reader.position, current=current)
    return {"revoked": belief.access.revoked, "confirmed": belief.confirmed} if belief else None


def main() -> None:
    say("ready")
    while True:
        told = hear()
        try:
            if connection.get_autocommit():
                close_old_connections()  # as between two requests
            say({"answer": commands[told.pop("do")](**told)})
        except (Exception, SystemExit) as error:  # commands exit where something is refused
            say({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
