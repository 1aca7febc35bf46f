"""python -m config.local run | exec -- COMMAND… | demo [--photo PATH] | rotate SECRET"""

import argparse
import os
import sys
from pathlib import Path

from config.local.execute import execute
from config.local.failure import LocalError
from config.local.home import Home, chosen_home
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
    arguments = parser.parse_args()
    try:
        if arguments.command == "run":
            return run(os.environ)
        if arguments.command == "demo":
            return _demo(arguments.photo)
        if arguments.command == "rotate":
            return _rotate(arguments.secret)
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


def _demo(photo: Path | None) -> int:
    from config.local.demo import demo  # noqa: PLC0415 (its image libraries are not for the supervisor)

    return demo(os.environ, photo)


if __name__ == "__main__":
    sys.exit(main())
