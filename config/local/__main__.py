"""python -m config.local COMMAND; `-h` says which there are."""

import argparse
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from config.local.execute import execute
from config.local.failure import LocalError
from config.local.home import Home, chosen_home
from config.local.keys import Keys
from config.local.restore import backup, key, restore
from config.local.run import run
from config.rotation import SECRETS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.local", description="Veto on one machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="run Veto until Ctrl-C")
    wrapped = commands.add_parser("exec", help="run a command with PostgreSQL and Valkey of its own")
    wrapped.add_argument("wrapped", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    shown = commands.add_parser("demo", help="protect a photo, ask about copies of it, withdraw it")
    shown.add_argument("--photo", type=Path, help="a photo of yours")
    rotated = commands.add_parser("rotate", help="change a secret of the home that `run` uses, while it is stopped")
    rotated.add_argument("secret", choices=SECRETS)
    commands.add_parser("secrets", help="new secrets of an environment, a line each")
    commands.add_parser("backup", help="a whole copy of what runs, to BACKUP_FOLDER")
    commands.add_parser("backup-key", help="a pair of keys for BACKUP_RECIPIENT and `restore`")
    restored = commands.add_parser("restore", help="put back data that is gone, from BACKUP_FOLDER")
    restored.add_argument("--identity", type=Path, required=True, help="the file with the private key")
    restored.add_argument("--until", type=datetime.fromisoformat, help="2026-11-25T17:00:00+00:00; else all there is")
    commands.add_parser("drill", help="backup, loss, restore and the answers meanwhile, in a folder of its own")
    arguments = parser.parse_args()
    try:
        if (job := JOBS.get(arguments.command)) is not None:
            return job(arguments)
        command = arguments.wrapped[1:] if arguments.wrapped[:1] == ["--"] else arguments.wrapped
        if not command:
            parser.error("exec needs a command")
        return execute(command, os.environ)
    except LocalError as error:
        print(error, file=sys.stderr, flush=True)
        return 1


def _rotate(secret: str) -> int:
    home = Home(chosen_home(os.environ))
    home.open()
    try:
        home.keep(home.keys().rotated(secret))
    finally:
        home.close()
    print(f"{SECRETS[secret].variable} has a new first value in {home.path}; `make run` uses it from now on.")
    print(f"The values after it are needed {SECRETS[secret].until}.")
    return 0


def _secrets() -> int:
    print("\n".join(f"{name}={value}" for name, value in Keys.new().environment().items()))
    return 0


def _drill() -> int:
    from config.local.drill import drill  # noqa: PLC0415 (as of `_demo`)

    return drill(os.environ)


def _demo(photo: Path | None) -> int:
    from config.local.demo import demo  # noqa: PLC0415 (its image libraries are not for the supervisor)

    return demo(os.environ, photo)


JOBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": lambda _: run(os.environ),
    "demo": lambda arguments: _demo(arguments.photo),
    "backup": lambda _: backup(os.environ),
    "backup-key": lambda _: key(),
    "restore": lambda arguments: restore(os.environ, identity_file=arguments.identity, until=arguments.until),
    "rotate": lambda arguments: _rotate(arguments.secret),
    "drill": lambda _: _drill(),
    "secrets": lambda _: _secrets(),
}


if __name__ == "__main__":
    sys.exit(main())
