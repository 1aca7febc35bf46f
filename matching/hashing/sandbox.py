"""What a process gives up before it reads a stranger's bytes."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from typing import Final

from . import confinement
from .wire import Layers

NOBODY: Final = 65534

# Measured at 100 megapixels, address space beside the interpreter's 310 MB: RGBA PNG 500 MB, progressive CMYK JPEG
# 800 MB, AVIF 900 MB, lossy WebP 1.56 GB, lossless WebP 1.62 GB (it keeps whole canvases). The slowest took 4 s.
MEMORY_BYTES: Final = 2_200_000_000
CPU_SECONDS: Final = 20

# linux/prctl.h
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38


def renounce_privileges() -> Layers:
    """For good: become `nobody` when root, gain nothing by executing, be no core file and no debugger's prey.

    Returns what the kernel grants of `confinement`: of files here, of calls later in each child.

    Everything that is imported later would have to be readable by `nobody`, so it is called when all is loaded.
    """
    if os.geteuid() == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        except OSError as error:
            # A user namespace may have no other user than its root, who is then unprivileged outside of it.
            sys.stderr.write(f"the decoder could not become nobody: {error.strerror}\n")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_DUMPABLE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    os.chdir("/")
    held = Layers(0)
    if confinement.calls_can_be_denied():  # before Landlock, which refuses files too
        held |= Layers.CALLS
    if confinement.deny_files():
        held |= Layers.FILES
    return held


def confine_child(parent: int, layers: Layers) -> None:
    """Bound what one image may cost and may ask of the kernel, and end with the server, the process `parent`.

    The server itself has no such signal: the kernel sends it when the *thread* ends that started the process, and
    threads of a web server come and go.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)
    _limit(resource.RLIMIT_NOFILE, 16)
    _limit(resource.RLIMIT_NPROC, 0)  # no thread, no process
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    _limit(resource.RLIMIT_CPU, CPU_SECONDS, CPU_SECONDS + 1)
    # The last: it refuses all of the above. What was possible when the server started is not done without.
    if not confinement.deny_calls() and Layers.CALLS in layers:
        os._exit(1)


def _limit(what: int, soft: int, hard: int | None = None) -> None:
    with contextlib.suppress(ValueError, OSError):  # a lower limit was set from outside: it stays
        resource.setrlimit(what, (soft, soft if hard is None else hard))


def _prctl(option: int, value: int) -> None:
    """Linux only; elsewhere the other limits have to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
