"""Small file systems in memory that can be filled up. Root alone may make one, and not everywhere."""

import contextlib
import errno
import os
import subprocess
from pathlib import Path


class Disk:
    def __init__(self, path: Path, mebibytes: int) -> None:
        self.path, self.mounted = path, False
        self._ballast = path / "ballast"
        self._size = mebibytes
        path.mkdir(mode=0o700)

    def mount(self) -> bool:
        """Whether that may be done here; else it stays the folder that it is."""
        options = f"size={self._size}m,mode=0700"
        command = ["mount", "-t", "tmpfs", "-o", options, "veto-chaos", str(self.path)]
        with contextlib.suppress(OSError):  # no such command
            self.mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
        return self.mounted

    def fill(self) -> None:
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    @property
    def used_mib(self) -> int:
        found = os.statvfs(self.path)
        return (found.f_blocks - found.f_bfree) * found.f_frsize >> 20

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def unmount(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.path)], check=True)
            self.mounted = False
