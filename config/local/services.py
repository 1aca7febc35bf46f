"""PostgreSQL and Valkey for one home, and the environment that leads Veto to them."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from config.local.backup import SWITCH_S, Backups
from config.local.failure import LocalError
from config.local.folders import MEMORY, NewFolder, PrivateFolder, sweep
from config.local.home import Home
from config.local.postgres import START_SECONDS, Passwords, Postgres
from config.local.valkey import Valkey

__all__ = ["LocalError", "Passwords", "Postgres", "Services", "Valkey", "temporary_services"]


class Services:
    """Those that `given` (the environment) does not already name are started below an open home."""

    def __init__(
        self,
        home: Home,
        given: Mapping[str, str],
        *,
        may_create_databases: bool = False,
        patience: float = START_SECONDS,
        switch_s: int = SWITCH_S,
    ) -> None:
        self._home = home
        self._backups = Backups.chosen(given)
        self._given = given
        self._keys = home.keys()
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None
        if not given.get("DATABASE_URL"):
            self.postgres = Postgres(
                home.postgres,
                passwords=self._keys.passwords,
                log=home.log("postgres"),
                may_create_databases=may_create_databases,
                archiving=self._backups.settings(switch_s=switch_s) if self._backups else None,
                patience=patience,
            )
        if not given.get("REDIS_URL"):
            self.valkey = Valkey(home.valkey, log=home.log("valkey"))
        self._index: PrivateFolder | None = None
        if not given.get("INDEX_FOLDER"):
            with contextlib.suppress(LocalError):  # without one, each process keeps an index of its own
                self._index = PrivateFolder("index", MEMORY)

    def start(self) -> None:
        if self.postgres is not None:
            self.postgres.start()
        if self.valkey is not None:
            self.valkey.start()

    def stop(self) -> None:
        for service in (self.valkey, self.postgres):
            if service is not None:
                service.stop()
        if self._index is not None:
            self._index.remove()

    def environment(self) -> dict[str, str]:
        """Every variable a start decides, also written to `veto.env` for commands in another terminal."""
        values = {**self._database(), **self._redis(), **self._keys.environment()}
        values["SERVED_OVER_HTTPS"] = self._given.get("SERVED_OVER_HTTPS") or "false"  # on one's own machine
        if self._index is not None:
            values["INDEX_FOLDER"] = str(self._index.path)
        if self._backups is not None:  # not on the disk whose loss a restore follows
            values["LEDGER_FOLDER"] = self._given.get("LEDGER_FOLDER") or str(self._backups.folder / "ledger")
        values |= {name: self._given[name] for name in self._keys.environment() if self._given.get(name)}
        lines = [f"{name}={value}\n" for name, value in values.items()]
        file = self._home.write("veto.env", "# Written by every start; do not edit.\n" + "".join(lines))
        return values | {"VETO_HOME": str(self._home.path), "VETO_ENV_FILE": str(file)}

    def children_environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """`base` with our values; libpq's own variables would lead elsewhere than our URLs."""
        kept = {name: value for name, value in base.items() if self.postgres is None or not name.startswith("PG")}
        return kept | self.environment()

    def _database(self) -> dict[str, str]:
        if self.postgres is not None:
            return {"DATABASE_URL": self.postgres.url, "DATABASE_OWNER_URL": self.postgres.owner_url}
        url = self._given["DATABASE_URL"]
        return {"DATABASE_URL": url, "DATABASE_OWNER_URL": self._given.get("DATABASE_OWNER_URL") or url}

    def _redis(self) -> dict[str, str]:
        if self.valkey is not None:
            return {"REDIS_URL": self.valkey.url, "CELERY_BROKER_URL": self.valkey.broker_url}
        return {name: self._given[name] for name in ("REDIS_URL", "CELERY_BROKER_URL") if self._given.get(name)}


@contextlib.contextmanager
def temporary_services(home: Path | None = None) -> Iterator[dict[str, str]]:
    """Both services in a home that is removed at the end; yields the environment that leads to them.

    `home` names a folder to make for it; without one it stands in the temporary directory.
    """
    sweep()
    folder = PrivateFolder("home") if home is None else NewFolder(home)
    opened = Home(folder.path)
    services: Services | None = None
    try:
        opened.open()
        services = Services(opened, {}, may_create_databases=True)
        services.start()
        yield services.environment()
    finally:
        try:
            if services is not None:
                services.stop()
        finally:
            opened.close()
            folder.remove()
