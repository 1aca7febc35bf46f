"""An array that grows row by row, in memory of its own: what is freed in pieces would stay with the process."""

import mmap
import os
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt


class Column:
    """An array of unknown length. Lies in memory that has no name and goes with the last who holds it."""

    def __init__(self) -> None:
        self._file = os.memfd_create("veto-column")
        self._end = weakref.finalize(self, os.close, self._file)
        self._none: npt.NDArray[Any] | None = None  # no rows, of their type and shape

    def append(self, rows: npt.NDArray[Any]) -> None:
        """Raises OSError where there is no room."""
        self._none = rows[:0]
        left = memoryview(rows.tobytes())
        while left:
            left = left[os.write(self._file, left) :]

    def array(self) -> npt.NDArray[Any]:
        """All rows; some must have come."""
        if self._none is None:
            raise ValueError("nothing was put into this column")
        if not os.fstat(self._file).st_size:
            return self._none
        memory = mmap.mmap(self._file, 0)
        return np.frombuffer(memory, self._none.dtype).reshape(-1, *self._none.shape[1:])
