"""What chaos is made among: the whole service, each part of which may be harmed, on loopback."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.local.application import Address, application, issue_key
from config.local.child import Child
from config.local.home import Home
from config.local.services import Postgres, Valkey
from tests.chaos.disks import Disk
from tests.chaos.proxy import Proxy
from tests.integration.api.receiver import Receiver, receiving
from tests.integration.sequence.processes import World

SIZES = {"PostgreSQL": 400, "Valkey": 64, "web": 32}  # MiB; that of web holds the index
MANY = str(10**9)
LIMITS = ("UNITS_PER_MINUTE", "ACCOUNTS_PER_NETWORK_PER_DAY", "ACCOUNTS_PER_SESSION_PER_DAY",
          "PHOTOS_PER_NETWORK_PER_DAY", "PHOTOS_PER_SESSION_PER_DAY")  # fmt: skip
WORKERS = 2


@dataclass(frozen=True)
class Stage:
    world: World
    disks: dict[str, Disk]
    proxies: dict[str, Proxy]
    parts: dict[str, Child]
    receiver: Receiver
    address: Address
    key: str
    mails: Path
    snapshot: Path  # of Valkey, as it was before anything happened


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """All but the parts of the service is started, which whoever asked for it starts."""
    with contextlib.ExitStack() as stack:
        disks = {name: Disk(folder / f"disk of {name}".replace(" ", "-"), size) for name, size in SIZES.items()}
        for disk in disks.values():
            stack.callback(disk.unmount)
            disk.mount()
        world = World(folder)
        world.postgres = Postgres(disks["PostgreSQL"].path / "data", log=folder / "postgres.log")
        world.valkey = Valkey(disks["Valkey"].path / "data", log=folder / "valkey.log")
        stack.callback(world.stop)
        world.start()
        world.migrate()
        home, address = Home(folder / "home"), Address.free()
        home.open()
        stack.callback(home.close)
        key = issue_key(home, os.environ | world.environment, "chaos", "--scopes", "check,report,webhooks")
        snapshot = world.backup(world.valkey)
        pg = Proxy(Path(world.postgres.url.split("host=")[1]) / ".s.PGSQL.5432")
        proxies = {"PostgreSQL": pg, "Valkey": Proxy(world.valkey.socket)}
        for proxy in proxies.values():
            stack.callback(proxy.stop)
            proxy.start()
        receiver = stack.enter_context(receiving())
        environment = os.environ | through(world, proxies) | settings(home, disks["web"])
        parts = {part.name: part for part in application(home, environment, address)}
        for part in parts.values():
            stack.callback(part.stop)
        yield Stage(world, disks, proxies, parts, receiver, address, key, home.path / "mail", snapshot)


def through(world: World, proxies: dict[str, Proxy]) -> dict[str, str]:
    """The environment of processes that reach the services through the proxies."""
    role = world.postgres.url.partition("@")[0]
    valkey = f"redis://127.0.0.1:{proxies['Valkey'].port}"
    url = f"{role}@127.0.0.1:{proxies['PostgreSQL'].port}/veto"
    return world.environment | {"DATABASE_URL": url, "REDIS_URL": f"{valkey}/0", "CELERY_BROKER_URL": f"{valkey}/1"}


def settings(home: Home, index: Disk) -> dict[str, str]:
    shared = {"INDEX_FOLDER": str(index.path)} if index.mounted else {}
    return (
        shared
        | dict.fromkeys(LIMITS, MANY)
        | {
            "VETO_HOME": str(home.path),
            "WEB_WORKERS": str(WORKERS),
            "WEBHOOK_NETWORKS": "127.0.0.0/8,::1/128",
        }
    )
