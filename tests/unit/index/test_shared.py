"""A segment in shared memory: believed only when it is whole, of this version, these profiles, database and keys."""

import errno
import os
import random
import stat
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from matching.hashing.profile import VETO_1
from matching.index import shared
from matching.index.segment import Rules, built
from matching.index.segmented import SegmentedIndex
from matching.index.shared import Origin, RefusedError, SharedSegment, in_memory
from tests.unit.index.photos import photo

LINEAGE = uuid.UUID(int=7)
KEY = bytes(range(32))
ORIGIN = Origin(str(LINEAGE), 3, 14, "15/then")
RULES = Rules()
SOURCE = random.Random(9)
PHOTOS = [photo(SOURCE) for _ in range(2000)]


def place(folder: Path, *, lineage: uuid.UUID = LINEAGE, key_id: str = "one", key: bytes = KEY) -> SharedSegment:
    return SharedSegment(folder, lineage, RULES, key_id, key)


@pytest.fixture
def written(tmp_path: Path) -> Iterator[SharedSegment]:
    there = place(tmp_path)
    there.write(built([PHOTOS], RULES), ORIGIN)
    yield there
    there.remove()
    assert not list(tmp_path.iterdir())


def test_what_is_opened_is_what_was_written(written: SharedSegment) -> None:
    segment, origin = place(written.path.parent).open()
    assert origin == ORIGIN
    index = SegmentedIndex.of(segment, RULES)
    assert len(index) == 4 * len(PHOTOS)
    for claim, prints in PHOTOS[::50]:
        assert claim in {hit.claim for hit in index.search(prints)}
    index.apply([], [PHOTOS[0][0].protection])
    assert not index.search(PHOTOS[0][1])


def test_nobody_else_may_read_it(written: SharedSegment) -> None:
    assert stat.S_IMODE(written.path.stat().st_mode) == 0o600
    written.path.chmod(0o640)
    with pytest.raises(RefusedError, match="others may read"):
        written.open()


def test_an_empty_registry_has_a_segment_too(tmp_path: Path) -> None:
    there = place(tmp_path)
    assert len(there.write(built([], RULES), ORIGIN)) == 0


@pytest.mark.parametrize("length", [0, 7, 100, 5000, -4096, -1])
def test_one_that_is_cut_short_is_refused(written: SharedSegment, length: int) -> None:
    os.truncate(written.path, length if length >= 0 else written.path.stat().st_size + length)
    with pytest.raises(RefusedError):
        written.open()


@pytest.mark.parametrize("part", [0.0, 0.00002, 0.1, 0.35, 0.6, 0.85, 0.9999])
def test_one_with_a_single_bit_changed_is_refused(written: SharedSegment, part: float) -> None:
    data = bytearray(written.path.read_bytes())
    data[int(part * len(data))] ^= 4
    written.path.write_bytes(data)
    with pytest.raises(RefusedError):
        written.open()


def test_one_of_another_version_is_refused(written: SharedSegment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "VERSION", shared.VERSION + 1)
    with pytest.raises(RefusedError, match="other version"):
        written.open()


def test_one_of_other_profiles_is_refused(written: SharedSegment) -> None:
    from dataclasses import replace

    other = SharedSegment(written.path.parent, LINEAGE, Rules(replace(VETO_1, minimum_quality=51)), "one", KEY)
    with pytest.raises(RefusedError, match="other profiles"):
        other.open()


def test_one_of_another_database_is_refused(written: SharedSegment) -> None:
    other = place(written.path.parent, lineage=uuid.UUID(int=8))
    written.path.rename(other.path)
    with pytest.raises(RefusedError, match="another database"):
        other.open()
    other.remove()


def test_one_of_another_key_is_refused_also_under_the_same_name(written: SharedSegment) -> None:
    with pytest.raises(RefusedError, match="key_id"):
        place(written.path.parent, key_id="two").open()
    with pytest.raises(RefusedError, match="another key"):
        place(written.path.parent, key=bytes(32)).open()


def test_a_link_is_not_followed(written: SharedSegment, tmp_path: Path) -> None:
    target = written.path.rename(tmp_path / "elsewhere")
    written.path.symlink_to(target)
    with pytest.raises(RefusedError):
        written.open()
    target.unlink()


def test_where_there_is_no_room_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", no_room)
    with pytest.raises(OSError, match="No space"):
        place(tmp_path).write(built([PHOTOS[:2]], RULES), ORIGIN)
    assert not list(tmp_path.iterdir())


def test_one_process_builds_at_a_time(tmp_path: Path) -> None:
    with place(tmp_path).building(wait=False) as first, place(tmp_path).building(wait=False) as second:
        assert (first, second) == (True, False)
    with place(tmp_path).building(wait=False) as third:
        assert third


def test_a_newer_one_is_noticed_and_the_old_one_stays_as_it_was(written: SharedSegment) -> None:
    reader = place(written.path.parent)
    old = SegmentedIndex.of(reader.open()[0], RULES)
    assert not reader.changed()
    written.write(built([PHOTOS[:1]], RULES), ORIGIN)
    assert reader.changed()
    assert not written.changed()
    assert old.search(PHOTOS[-1][1])
    assert len(reader.open()[0]) == 4


def test_another_process_finds_in_it_without_memory_of_its_own(written: SharedSegment) -> None:
    code = f"""
import sys, uuid
from pathlib import Path
from matching.hashing.fingerprint import Fingerprint, Hash
from tests.unit.index.test_shared import LINEAGE, PHOTOS, place, RULES
from matching.index.segmented import SegmentedIndex
segment, _ = place(Path({str(written.path.parent)!r})).open()
mapped = Path('/proc/self/maps').read_text().count({str(written.path)!r})
print(mapped, len(SegmentedIndex.of(segment, RULES).search(PHOTOS[3][1])))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    mapped, hits = done.stdout.split()
    assert int(mapped) == 1
    assert int(hits) == len(SegmentedIndex.of(written.open()[0], RULES).search(PHOTOS[3][1]))


def test_only_memory_counts_as_memory(tmp_path: Path) -> None:
    assert not in_memory(Path("/"))
    assert not in_memory(Path("/dev/shm/there-is-no-such-folder"))
    mounts = Path("/proc/self/mounts").read_text()
    if " /dev/shm tmpfs " in mounts:
        assert in_memory(Path("/dev/shm"))
