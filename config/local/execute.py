"""`python -m config.local exec -- COMMAND…`: a command with services of its own, gone when it ends."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from config.local.adoption import adopt_orphans, end_descendants
from config.local.child import spawn_command
from config.local.failure import LocalError
from config.local.services import temporary_services
from config.local.terminal import EndingError, forward, raise_when_ended, when_ended_again

SIGNAL_BASE = 128  # how a shell reports a death by signal


def execute(command: Sequence[str], given: Mapping[str, str]) -> int:
    """The command's exit code."""
    program = shutil.which(command[0], path=given.get("PATH"))
    if program is None:
        raise LocalError(f"There is no command {command[0]!r}.")
    raise_when_ended()
    adopt_orphans()
    try:
        with temporary_services() as environment:
            return _run([os.path.abspath(program), *command[1:]], dict(given) | environment)  # noqa: PTH100 (keeps links)
    except EndingError as ending:
        return SIGNAL_BASE + ending.number
    finally:
        end_descendants()


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    process: subprocess.Popen[bytes] | None = None
    try:
        process = subprocess.Popen(spawn_command(command), env=environment)
        forward(lambda number: _pass_on(process, number))
        code = process.wait()
    finally:
        when_ended_again(lambda: None)
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
    return code if code >= 0 else SIGNAL_BASE - code


def _pass_on(process: "subprocess.Popen[bytes] | None", number: int) -> None:
    if process is not None and not (number == signal.SIGINT and _at_terminal()):
        process.send_signal(number)


def _at_terminal() -> bool:
    """Then a Ctrl-C has reached the command already, and a second one would cut its own clean-up short."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False
