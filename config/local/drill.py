"""`make drill`: a backup, a loss, a restore to a point in time and the answers meanwhile, in a folder of its own."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image

from config.local.adoption import adopt_orphans, end_descendants, reap_adopted
from config.local.application import Address, application, issue_key, manage, only_json, protect
from config.local.ask import Answer, await_ready, check_image
from config.local.backup import Backups, new_keys, put_back, settled
from config.local.demo import clean
from config.local.failure import LocalError
from config.local.home import Home
from config.local.photos import NAMES, as_jpeg, photograph
from config.local.services import Services
from config.local.supervisor import Supervisor
from config.local.terminal import EndingError, raise_when_ended, say, when_ended_again

PATIENCE_S = 60.0
REFUSED, MISSED, UNKNOWN = "protected", "no_match", "index-behind"


@dataclass
class Drill:
    home: Home
    services: Services
    backups: Backups
    identity_file: Path
    environment: dict[str, str]
    address: Address
    key: str = ""
    revoked: str = ""
    suspended: str = ""
    photos: dict[str, bytes] = field(default_factory=dict)
    checks: int = 0
    wrong: list[str] = field(default_factory=list)

    def manage(self, *words: str) -> str:
        return manage(self.home, self.environment, *words)

    def protect(self, name: str) -> str:
        path = self.home.path / f"{name}.jpg"
        path.write_bytes(self.photos[name])
        answer = protect(self.home, self.environment, path)
        if answer["state"] != "protected":
            raise LocalError(f"{name} is {answer['state']}")
        return str(answer["ref"])

    def ask(self, name: str, key: str = "") -> Answer:
        return check_image(self.address, key or self.key, self.photos[name], "image/jpeg")

    def expect(self, when: str, **answers: str) -> None:
        """Twice, as there are two readers."""
        for name, expected in [*answers.items()] * 2:
            self.checks += 1
            found = self.ask(name).result
            if found != expected:
                self.wrong.append(f"{when}: {name} is answered {found}, not {expected}")
                say(self.wrong[-1])

    def until(self, holds: Callable[[], bool]) -> int:
        """Milliseconds until it was so. LocalError when it never is."""
        started = time.monotonic()
        while not holds():
            if time.monotonic() - started > PATIENCE_S:
                raise LocalError(f"Not so within {PATIENCE_S:.0f} s. Logs: {self.home.log('web').parent}")
            time.sleep(0.02)
        return round((time.monotonic() - started) * 1000)

    def epoch(self, name: str) -> int:
        return int((self.ask(name).body.get("index") or {}).get("epoch", 0))


def drill(given: Mapping[str, str]) -> int:
    """1 when anything was answered wrongly."""
    raise_when_ended()
    adopt_orphans()
    try:
        with tempfile.TemporaryDirectory(prefix="veto-drill-") as folder:
            return in_folder(Path(folder), clean(given))
    except EndingError:
        say("\nStopped.")
        return 1
    finally:
        when_ended_again(lambda: None)
        end_descendants()


def in_folder(folder: Path, given: dict[str, str]) -> int:
    keys = new_keys()
    identity_file = folder / "identity.txt"
    identity_file.write_text(keys["private"] + "\n")
    given |= {"BACKUP_FOLDER": str(folder / "backups"), "BACKUP_RECIPIENT": keys["public"]}
    backups = Backups.chosen(given)
    home = Home(folder / "home")
    home.open()
    supervisor = Supervisor()
    services = Services(home, given, switch_s=1)
    if backups is None or services.postgres is None:
        raise LocalError("The drill is of the PostgreSQL that comes with Veto.")
    try:
        services.start()
        environment = services.children_environment(given)
        manage(home, environment, "migrate", "--noinput")
        address = Address.free()
        for child in application(home, environment, address):
            supervisor.start(child)
        await_ready(address, supervisor.check)
        run = Drill(home, services, backups, identity_file, environment, address)
        told = whole(run)
        reap_adopted(supervisor.pids())
    finally:
        when_ended_again(supervisor.kill_children)
        supervisor.stop()
        services.stop()
        home.close()
    say(json.dumps(told))
    return 1 if run.wrong else 0


def halves() -> dict[str, bytes]:
    """Six photos that have nothing in common."""
    found = {}
    for name in NAMES:
        image: Image.Image = photograph(name)
        middle = image.width // 2
        found[f"{name}-left"] = as_jpeg(image.crop((0, 0, middle, image.height)))
        found[f"{name}-right"] = as_jpeg(image.crop((middle, 0, image.width, image.height)))
    return found


def whole(run: Drill) -> dict[str, Any]:
    run.photos = dict(zip(("before", "withdrawn", "after", "lost", "never"), halves().values(), strict=False))
    run.key = issue_key(run.home, run.environment, "drill")
    run.revoked = issue_key(run.home, run.environment, "drill")
    run.suspended = issue_key(run.home, run.environment, "suspended")
    run.protect("before")
    withdrawn = run.protect("withdrawn")
    started = time.monotonic()
    run.backups.make(run.environment["DATABASE_OWNER_URL"])
    backup_s = time.monotonic() - started
    say("A backup is made.")
    run.protect("after")
    until = datetime.now(UTC)
    time.sleep(0.1)
    run.manage("withdraw_photo", withdrawn)
    run.manage("revoke_key", run.revoked.split("_")[2])
    run.manage("suspend_platform", "suspended")
    run.protect("lost")
    run.expect("before the loss", before=REFUSED, after=REFUSED, lost=REFUSED, withdrawn=MISSED, never=MISSED)
    kept_until(run, until)
    started = time.monotonic()
    lose(run)
    run.expect("PostgreSQL lost", before=REFUSED, after=REFUSED, lost=REFUSED)
    put_back(run.backups.folder, run.home.postgres, run.identity_file, until)
    run.services.start()
    settled(run.home.postgres)
    say(f"Rolled forward to {until.isoformat(timespec='seconds')}; what came later is lost.")
    run.expect("before it is opened", before=REFUSED, after=REFUSED, lost=REFUSED)
    said = only_json(run.manage("restored"))
    restored_s = time.monotonic() - started
    noticed_ms = run.until(lambda: all(run.epoch("before") == said["epoch"] for _ in range(6)))
    say(f"The ledger is replayed: {said['done_again']}; readers have begun epoch {said['epoch']}.")
    opened = {"before": REFUSED, "after": REFUSED}
    run.expect("incomplete", **opened, withdrawn=UNKNOWN, lost=UNKNOWN, never=UNKNOWN)
    for key, expected in ((run.revoked, "invalid-key"), (run.suspended, "platform-suspended")):
        if (found := run.ask("before", key).result) != expected:
            run.wrong.append(f"a key that was shut out is answered {found}, not {expected}")
    run.protect("lost")
    run.expect("registered again", **opened, withdrawn=UNKNOWN, lost=REFUSED, never=UNKNOWN)
    run.manage("declare_complete", str(said["epoch"]))
    run.expect("complete", **opened, lost=REFUSED, withdrawn=MISSED, never=MISSED)
    return {
        "backup_s": round(backup_s, 1),
        "restored_s": round(restored_s, 1),
        "noticed_ms": noticed_ms,
        "epoch": said["epoch"],
        "done_again": said["done_again"],
        "checks": run.checks,
        "wrong": len(run.wrong),
    }


def kept_until(run: Drill, time_: datetime) -> None:
    """Until the log of that time has been kept: a segment is closed a second after something was written to it."""
    run.until(lambda: any(path.stat().st_mtime > time_.timestamp() + 2 for path in run.backups.wal.glob("*.age")))


def lose(run: Drill) -> None:
    postgres = run.services.postgres
    if postgres is not None:
        postgres.kill()
        shutil.rmtree(postgres.data)
    say("PostgreSQL is killed, and all its data is gone.")
