"""python -m config.local run | exec -- COMMAND… | demo [--photo PATH]"""

import argparse
import os
import sys
from pathlib import Path

from config.local.execute import execute
from config.local.failure import LocalError
from config.local.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.local", description="Veto on one machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="run Veto until Ctrl-C")
    wrapped = commands.add_parser("exec", help="run a command with PostgreSQL and Valkey of its own")
    wrapped.add_argument("wrapped", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    shown = commands.add_parser("demo", help="protect a photo, ask about copies of it, withdraw it")
    shown.add_argument("--photo", type=Path, help="a photo of yours")
    arguments = parser.parse_args()
    try:
        if arguments.command == "run":
            return run(os.environ)
        if arguments.command == "demo":
            return _demo(arguments.photo)
        command = arguments.wrapped[1:] if arguments.wrapped[:1] == ["--"] else arguments.wrapped
        if not command:
            parser.error("exec needs a command")
        return execute(command, os.environ)
    except LocalError as error:
        print(error, file=sys.stderr, flush=True)
        return 1


def _demo(photo: Path | None) -> int:
    from config.local.demo import demo  # noqa: PLC0415 (its image libraries are not for the supervisor)

    return demo(os.environ, photo)


if __name__ == "__main__":
    sys.exit(main())
