"""Where the compiled kernels of the index are kept, so that a process starts without a compiler's wait."""

import atexit
import hashlib
import shutil
import tempfile
from pathlib import Path

from config.environment import ROOT

SOURCES = ("*kernels.py", "intrinsics.py")


def kernel_folder(home: Path) -> str:
    """Beside the source as Python's own compiled files are; in a tree that is only read, in the home.

    Named after what the kernels are made of: numba notices a change of the file in which a kernel is, but not of one
    from which that takes a function. Where nothing may be written, a folder of this process alone: kernels are then
    compiled at every start. Whoever may write to it may make us run anything, so it is never one that others can make.
    """
    index = ROOT / "matching" / "index"
    sources = sorted(file for pattern in SOURCES for file in index.glob(pattern))
    version = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:16]
    for kept in (index / "__pycache__", home):
        folder = kept / f"kernels-{version}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return str(folder)
        except OSError:
            continue
    own = tempfile.mkdtemp(prefix="veto-kernels-")
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    return own
