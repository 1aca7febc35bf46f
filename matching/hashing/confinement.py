"""No file and no network for what reads a stranger's bytes: Landlock and seccomp, by the kernel's own calls.

`deny_files` (Landlock, landlock(7)) holds for the decoder server and all its children: no path can be opened, run or
changed, no TCP port reached, no process outside signalled. `deny_calls` (seccomp, seccomp(2)) holds for one child: of
some 350 system calls it keeps those that memory, time and its open socket need, and every other fails with EPERM.
"""

import ctypes
import errno
import os
import platform
import sys
from typing import Final

# linux/prctl.h, linux/seccomp.h, linux/bpf_common.h, linux/landlock.h
_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2
_RET_ALLOW: Final = 0x7FFF0000
_RET_ERRNO: Final = 0x00050000
_LOAD_WORD: Final = 0x20
_JUMP_IF_EQUAL: Final = 0x15
_RETURN: Final = 0x06
_NUMBER_AT: Final = 0  # in struct seccomp_data
_ARCHITECTURE_AT: Final = 4
_LANDLOCK_CREATE_RULESET: Final = 444  # the same on every architecture
_LANDLOCK_RESTRICT_SELF: Final = 446
_LANDLOCK_VERSION: Final = 1

# What Landlock can refuse, by the version that brought it: rights to files, to TCP ports, and what scopes hold in.
_FILE_RIGHTS: Final = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 5: 0xFFFF}
_PORT_RIGHTS: Final = {4: 0b11}
_SCOPES: Final = {6: 0b11}

# Numbers of the calls on x86_64 and aarch64 (asm/unistd_64.h, asm-generic/unistd.h).
_AUDIT_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_KEPT: Final = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "getpid": (39, 172),
    "sendto": (44, 206),  # what send() is; the only socket is connected
    "recvfrom": (45, 207),
    "exit": (60, 93),
    "sysinfo": (99, 179),
    "gettid": (186, 178),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "exit_group": (231, 94),
    "getrandom": (318, 278),
}


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction)))


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("ports", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


_libc: Final = ctypes.CDLL(None, use_errno=True)


def deny_files() -> bool:
    """Whether the kernel now refuses this process and its children every path. Needs no_new_privs.

    A Landlock older than version 4 knows no ports, and none knows UDP: the network is for `deny_calls` to refuse.
    """
    if sys.platform != "linux":
        return False
    version = _call(_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_VERSION)
    if version < 1:
        return False
    rules = _Ruleset(*(_newest(rights, version) for rights in (_FILE_RIGHTS, _PORT_RIGHTS, _SCOPES)))
    size = 8 * (1 + (version >= min(_PORT_RIGHTS)) + (version >= min(_SCOPES)))  # an old kernel takes a shorter one
    descriptor = _call(_LANDLOCK_CREATE_RULESET, ctypes.byref(rules), size, 0)
    if descriptor < 0:
        return False
    try:
        return _call(_LANDLOCK_RESTRICT_SELF, descriptor, 0) == 0
    finally:
        os.close(descriptor)


def deny_calls() -> bool:
    """Whether the kernel now refuses this process every system call that decoding does not need.

    Needs no_new_privs, and that everything is imported and the process confined in all other ways.
    """
    architecture = _AUDIT_ARCHITECTURES.get(platform.machine())
    if sys.platform != "linux" or architecture is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    column = list(_AUDIT_ARCHITECTURES.values()).index(architecture)
    kept = [numbers[column] for numbers in _KEPT.values()]
    instructions = [
        _Instruction(_LOAD_WORD, 0, 0, _ARCHITECTURE_AT),
        _Instruction(_JUMP_IF_EQUAL, 0, 1 + len(kept), architecture),  # another one numbers its calls otherwise
        _Instruction(_LOAD_WORD, 0, 0, _NUMBER_AT),
        *(_Instruction(_JUMP_IF_EQUAL, len(kept) - place, 0, number) for place, number in enumerate(kept)),
        _Instruction(_RETURN, 0, 0, _RET_ERRNO | errno.EPERM),
        _Instruction(_RETURN, 0, 0, _RET_ALLOW),
    ]
    program = _Program(len(instructions), (_Instruction * len(instructions))(*instructions))
    done: int = _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)
    return done == 0


def calls_can_be_denied() -> bool:
    """Whether `deny_calls` works here, tried in a child that ends at once. For a process of one thread.

    It is believed only if the child could then not open `/`; so it comes before `deny_files`.
    """
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if deny_calls() and _refused() else 1)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return status == 0


def _refused() -> bool:
    try:
        os.close(os.open("/", os.O_RDONLY))
    except PermissionError:
        return True
    return False


def _newest(rights: dict[int, int], version: int) -> int:
    return max((bits for since, bits in rights.items() if since <= version), default=0)


def _call(number: int, *arguments: object) -> int:
    done: int = _libc.syscall(number, *arguments)
    return done
