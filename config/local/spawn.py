"""Becomes the program it is given, as a child that never outlives its parent. Run as a script, standard library only.

    python -I -S spawn.py PARENT DEATH_SIGNAL ACCOUNT PROGRAM ARGUMENT…

PARENT is the process id of the supervisor; when its thread ends, the kernel sends DEATH_SIGNAL (Linux).
ACCOUNT is `self`; `as UID:GID`, a user namespace in which the caller appears to itself as that user; or
`UID:GID`. The working directory is entered before rights are dropped and stays usable afterwards.
"""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
CLONE_NEWUSER = 0x10000000  # linux/sched.h


def main(arguments: list[str]) -> None:
    parent, death_signal, account, *command = arguments
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold pixels and keys
    take_account(account)
    if sys.platform == "linux":
        tie_to_parent(int(parent), int(death_signal))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # an ignored signal would stay ignored across exec
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        os.execv(command[0], command)  # noqa: S606 (no shell is the point)
    except OSError as error:
        sys.exit(f"cannot start {command[0]}: {error.strerror}")


def take_account(account: str) -> None:
    if account == "self":
        return
    user, group = (int(number) for number in account.removeprefix("as ").split(":"))
    if account.startswith("as "):
        enter_user_namespace(user, group)
    else:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)


def enter_user_namespace(inner_user: int, inner_group: int) -> None:
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        sys.exit(f"no user namespace: {os.strerror(ctypes.get_errno())}")
    try:
        for file, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{inner_user} {user} 1"),
            ("gid_map", f"{inner_group} {group} 1"),
        ):
            Path("/proc/self", file).write_text(text)
    except OSError as error:
        sys.exit(f"no user namespace: {error.strerror}")


def tie_to_parent(parent: int, death_signal: int) -> None:
    """After the change of account, which would clear it."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the supervisor has gone")


if __name__ == "__main__":
    main(sys.argv[1:])
