"""Runs a command for which the kernel confines nothing: `unconfined.py COMMAND`.

A seccomp filter, which the command and all its children inherit, refuses the calls that would set another filter or a
Landlock ruleset, as old kernels and some containers do.
"""

import ctypes
import errno
import os
import sys

from matching.hashing import confinement as own

SECCOMP = {"x86_64": 317, "aarch64": 277}
PRCTL = {"x86_64": 157, "aarch64": 167}
FIRST_ARGUMENT_AT = 16  # in struct seccomp_data
PR_SET_NO_NEW_PRIVS = 38


def filter_of(machine: str) -> list[own._Instruction]:
    equal, give = own._JUMP_IF_EQUAL, own._RETURN
    return [
        own._Instruction(own._LOAD_WORD, 0, 0, own._NUMBER_AT),
        own._Instruction(equal, 4, 0, SECCOMP[machine]),
        own._Instruction(equal, 3, 0, own._LANDLOCK_CREATE_RULESET),
        own._Instruction(equal, 0, 3, PRCTL[machine]),
        own._Instruction(own._LOAD_WORD, 0, 0, FIRST_ARGUMENT_AT),
        own._Instruction(equal, 0, 1, own._PR_SET_SECCOMP),
        own._Instruction(give, 0, 0, own._RET_ERRNO | errno.EPERM),
        own._Instruction(give, 0, 0, own._RET_ALLOW),
    ]


if __name__ == "__main__":
    instructions = filter_of(os.uname().machine)
    program = own._Program(len(instructions), (own._Instruction * len(instructions))(*instructions))
    own._libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if own._libc.prctl(own._PR_SET_SECCOMP, own._SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
        sys.exit("no seccomp filter can be set here")
    os.execv(sys.argv[1], sys.argv[1:])
