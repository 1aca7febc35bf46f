"""A segment in memory that the processes of a host share: one builds it, all map it.

A file in a folder of a memory-backed file system, 0600, put in place whole. Its header says what it was built of; a key
of the service authenticates header and arrays, so that a file which is short, damaged, of another version, profile,
lineage or key is refused. Fingerprints lie in it as they do in a process's memory: never on a disk.

Head: 8 bytes of magic, 8 of length, the header in JSON, 32 of BLAKE2b (RFC 7693) keyed; then arrays from 64 on 64.
"""

import contextlib
import fcntl
import hashlib
import json
import math
import mmap
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

import numpy as np

from matching.index.mapped import mapped
from matching.index.segment import Array, Claimed, frozen

VERSION: Final = 4
_MAGIC: Final = b"veto-seg"
_HEAD: Final = struct.Struct("<8sQ")
_MAC: Final = 32
_ALIGNED: Final = 64
_STEP: Final = 1 << 24  # bytes authenticated at once
_MEMORY: Final = {"tmpfs", "ramfs"}

Held = TypeVar("Held", bound=Claimed)
Kinds = dict[str, tuple[str, tuple[int, ...]]]  # of arrays by name: type and shape


class Profile(Protocol):
    def to_json(self) -> dict[str, Any]: ...


class Form(Protocol[Held]):
    """How segments of one kind lie in shared memory, each as arrays by name."""

    @property
    def name(self) -> str: ...

    @property
    def profiles(self) -> Sequence[Profile]: ...

    def arrays_of(self, segment: Held) -> dict[str, Array]: ...

    def to_fill(self, segment: Held) -> Kinds:
        """The other arrays that it will have, which are made where they are to lie."""
        ...

    def fill(self, arrays: dict[str, Array]) -> None:
        """Make those, which come as zeros, of the others."""
        ...

    def segment_of(self, arrays: dict[str, Array]) -> Held: ...


class RefusedError(Exception):
    """There is no segment, or not one to believe."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a segment holds: all changes of this lineage and epoch up to a number, whose change has this head."""

    lineage: str
    epoch: int
    number: int
    head: str


def in_memory(folder: Path) -> bool:
    """Whether what is written there stays in memory. A folder that is not there is not."""
    wanted = folder.resolve()
    kinds: dict[Path, str] = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/mounts").read_text().splitlines():
            _, place, kind, *_ = line.split()
            kinds[Path(place.encode().decode("unicode_escape"))] = kind
    return wanted.is_dir() and next((kinds[p] for p in (wanted, *wanted.parents) if p in kinds), "") in _MEMORY


class SharedSegment(Generic[Held]):
    """The place of one service's segment of one kind.

    `open` and `write` may be called by any process that has its keys.
    """

    def __init__(
        self, folder: Path, lineage: UUID, form: Form[Held], key_id: str, key: bytes, *, suffix: str = ""
    ) -> None:
        """The keys are those of the fingerprints at rest; the one in use here is derived from them.

        `suffix`: of the name, where a host has several segments of one lineage and kind.
        """
        self._form = form
        self._lineage = str(lineage)
        self._key_id = key_id
        self._key = hashlib.blake2b(b"", key=key, person=b"veto-segment").digest()
        profiles = [profile.to_json() for profile in form.profiles]
        self._profiles = hashlib.blake2b(json.dumps(profiles, sort_keys=True).encode(), digest_size=16).hexdigest()
        self.path = folder / f"veto-{form.name}-{lineage.hex}{suffix}"
        self._opened: tuple[int, int] | None = None

    @contextlib.contextmanager
    def building(self, *, wait: bool) -> Iterator[bool]:
        """Whether this process is the one of the host that may write now. Raises OSError where no file can be."""
        lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(lock)

    def changed(self) -> bool:
        """Whether another segment stands here than the one that this process has opened or written last."""
        try:
            return _identity(self.path.stat()) != self._opened
        except OSError:
            return False

    def open(self) -> tuple[Held, Origin]:
        """The segment that stands here, mapped. Raises RefusedError, which says why it is not to be believed."""
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise RefusedError(error.strerror) from None
        try:
            about = os.fstat(file)
            if about.st_uid != os.geteuid() or about.st_mode & 0o077:
                raise RefusedError("it is another's, or others may read it")
            if about.st_size < _HEAD.size:
                raise RefusedError("it is cut short")
            memory = mapped(file, about.st_size)
        finally:
            os.close(file)
        self._opened = _identity(about)
        return self._read(memory)

    def _read(self, memory: memoryview) -> tuple[Held, Origin]:
        magic, length = _HEAD.unpack_from(memory)
        start = _HEAD.size + length
        if magic != _MAGIC or start + _MAC > len(memory):
            raise RefusedError("it is no segment, or cut short")
        try:
            header = json.loads(bytes(memory[_HEAD.size : start]))
            said = {name: header[name] for name in ("version", "profiles", "key_id", "bytes")}
            origin = Origin(**header["origin"])
        except (ValueError, LookupError, TypeError, RecursionError):
            raise RefusedError("its header is damaged") from None
        wanted = {"version": VERSION, "profiles": self._profiles, "key_id": self._key_id, "bytes": len(memory)}
        if differing := [name for name in wanted if said[name] != wanted[name]]:
            raise RefusedError(f"other {', '.join(differing)}")
        if origin.lineage != self._lineage:
            raise RefusedError("of another database")
        if not _same(self._mac(memory, start), memory[start : start + _MAC]):
            raise RefusedError("it is damaged, or of another key")
        arrays = {name: frozen(_placed(memory, kind, shape, offset)) for name, kind, shape, offset in header["arrays"]}
        return self._form.segment_of(arrays), origin

    def write(self, segment: Held, origin: Origin) -> Held:
        """Put this segment in place of what stands here; returns it as it lies there. Only while `building`.

        Raises OSError, with nothing left behind, where there is no room for it.
        """
        arrays = self._form.arrays_of(segment)
        kinds = {name: (array.dtype.str, array.shape) for name, array in arrays.items()} | self._form.to_fill(segment)
        header, places, total = self._header(kinds, origin)
        unfinished = f"{self.path}.new"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(unfinished)  # noqa: PTH108 (of a builder that was killed)
        file = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(file, 0, total)  # a full file system is an error here, and a signal under the mapping
            # Not closed by name: it ends with the last array on it. A kernel that is compiled for a call keeps some.
            new = mmap.mmap(file, total)
            new[: len(header)] = header
            there = {name: _placed(new, *kind, places[name]) for name, kind in kinds.items()}
            for name, array in arrays.items():
                there[name][...] = array
            self._form.fill(there)
            with memoryview(new) as memory:
                mac = self._mac(memory, len(header))
            new[len(header) : len(header) + _MAC] = mac
            os.rename(unfinished, self.path)  # noqa: PTH104
        except BaseException:
            os.unlink(unfinished)  # noqa: PTH108
            raise
        finally:
            os.close(file)
        try:
            return self.open()[0]
        except RefusedError as error:
            raise OSError(f"what was written is not there: {error}") from None

    def _header(self, kinds: Kinds, origin: Origin) -> tuple[bytes, dict[str, int], int]:
        """The head but for its authentication, where each array is to lie, and the length of it all."""
        described: list[Any] = [[name, *kind, 1 << 62] for name, kind in kinds.items()]
        said = {
            "version": VERSION,
            "profiles": self._profiles,
            "key_id": self._key_id,
            "bytes": 1 << 62,
            "origin": asdict(origin),
            "arrays": described,
        }
        at = _HEAD.size + len(json.dumps(said)) + _MAC  # no shorter than it will be
        for entry in described:
            _, kind, shape, _ = entry
            at = entry[-1] = -(-at // _ALIGNED) * _ALIGNED
            at += np.dtype(kind).itemsize * math.prod(shape)
        said["bytes"] = at
        text = json.dumps(said).encode()
        return _HEAD.pack(_MAGIC, len(text)) + text, {entry[0]: entry[-1] for entry in described}, at

    def _mac(self, memory: memoryview, start: int) -> bytes:
        """Of everything but the authentication itself, which begins at `start`."""
        mac = hashlib.blake2b(memory[:start], key=self._key, digest_size=_MAC)
        for step in range(start + _MAC, len(memory), _STEP):
            mac.update(memory[step : step + _STEP])
        return mac.digest()

    def remove(self) -> None:
        """Leave nothing here. Processes that have it open keep what they see."""
        for path in (self.path, f"{self.path}.new", f"{self.path}.lock"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)  # noqa: PTH108


def _identity(about: os.stat_result) -> tuple[int, int]:
    return about.st_ino, about.st_mtime_ns


def _placed(memory: mmap.mmap | memoryview, kind: str, shape: Sequence[int], offset: int) -> Array:
    return np.frombuffer(memory, kind, math.prod(shape), offset).reshape(shape)


def _same(one: bytes, other: memoryview) -> bool:
    return one == bytes(other)
