"""The address under which static files are served: it changes with any of them, so browsers may keep them for good.

The whole folder moves at once, and files refer to one another by relative paths. So nothing has to be collected,
renamed or listed when a release is made, and a source tree is all that a server needs.
"""

import hashlib
from pathlib import Path


def digest(*parts: Path) -> str:
    """Of the names and contents of files, and of all files below folders; what is not there counts as empty."""
    seen = hashlib.sha256()
    for part in parts:
        for path in sorted(part.rglob("*")) if part.is_dir() else [part]:
            if path.is_file():
                content = path.read_bytes()
                seen.update(f"{path.relative_to(part.parent).as_posix()}\0{len(content)}\0".encode() + content)
    return seen.hexdigest()[:12]
