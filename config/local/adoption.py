"""Descendants whose parent died come to the supervisor and not to init, so that it can end them (Linux)."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Collection

import psutil

from config.local.child import end_processes

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_adopted(own: Collection[int]) -> None:
    """Collect dead children that are not in `own`, whose exit codes others wait for."""
    for process in psutil.Process().children():
        with contextlib.suppress(psutil.Error, ChildProcessError):
            if process.pid not in own and process.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(process.pid, os.WNOHANG)


def end_descendants() -> None:
    """The last act: whatever is still below this process."""
    end_processes(psutil.Process().children(recursive=True))
    reap_adopted(())
