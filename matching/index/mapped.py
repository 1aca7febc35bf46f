"""A file in memory, mapped in pages of 2 megabytes where the kernel has such: a look-up touches many places of it."""

import ctypes
import mmap
from typing import Final

import numpy as np

LARGE: Final = 2 << 20
_FIXED: Final = 0x10  # MAP_FIXED of Linux, and MADV_COLLAPSE (since 6.1), which the standard library does not name
_COLLAPSE: Final = 25

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
_libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def mapped(file: int, size: int) -> memoryview:
    """The file of this descriptor, to be read; unmapped when nobody holds it any more. Raises OSError.

    Its small pages are made large ones, whatever the mount says of them, for all who map it so. That asks for an
    address that is a multiple of their size, which only a mapping in the place of another can have. A kernel that
    cannot do it leaves them small, which is slower and nothing else.
    """
    room = mmap.mmap(-1, size + LARGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)
    first = np.frombuffer(room, np.uint8).ctypes.data
    start = -(-first // LARGE) * LARGE
    if _libc.mmap(start, size, mmap.PROT_READ, mmap.MAP_SHARED | _FIXED, file, 0) != start:
        raise OSError(ctypes.get_errno(), "cannot be mapped")
    _libc.madvise(start, size, _COLLAPSE)
    return memoryview(room)[start - first : start - first + size]
