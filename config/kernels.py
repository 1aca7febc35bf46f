"""Where the compiled kernels of the index are kept, so that a process starts without a compiler's wait."""

import atexit
import shutil
import tempfile
from pathlib import Path

from config.environment import ROOT


def kernel_folder(home: Path) -> str:
    """Beside the source as Python's own compiled files are; in a tree that is only read, in the home.

    Where nothing may be written, a folder of this process alone: kernels are then compiled at every start. Whoever may
    write to it may make us run anything, so it is never one that others can make.
    """
    for folder in (ROOT / "matching" / "index" / "__pycache__", home / "kernels"):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return str(folder)
        except OSError:
            continue
    own = tempfile.mkdtemp(prefix="veto-kernels-")
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    return own
