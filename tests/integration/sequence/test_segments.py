"""The processes of a host share one segment; whatever lies in its place, nobody is told that a photo is free to use."""

from pathlib import Path

import pytest

from matching.index.shared import in_memory
from tests.integration.sequence.hashes import random_details, random_hash
from tests.integration.sequence.processes import Cast, World

FOLDER = "INDEX_FOLDER"


def segment(folder: Path, kind: str = "index") -> Path:
    [found] = [path for path in folder.glob(f"veto-{kind}-*") if path.suffix == ""]
    return found


def test_the_first_builds_and_the_second_opens_what_it_built(stage: Cast, folder: Path) -> None:
    first = stage.actor(**{FOLDER: str(folder)})
    *codes, later = (random_hash() for _ in range(5))
    for code in codes:
        first.do("protect", code=code)
    first.do("load")
    built = segment(folder).stat().st_ino
    first.do("protect", code=later)
    second = stage.actor(**{FOLDER: str(folder)})
    second.do("merge_early")  # so few codes would be copied rather than mapped
    second.do("load")
    assert segment(folder).stat().st_ino == built
    assert [second.do("ask", code=code) for code in (*codes, later, random_hash())] == ["protected"] * 5 + ["no_match"]
    assert second.do("maps", text=str(segment(folder))) > 0


@pytest.mark.parametrize("damage", ["short", "other", "nothing"])
def test_a_damaged_one_is_built_anew(stage: Cast, folder: Path, damage: str) -> None:
    first, second = (stage.actor(**{FOLDER: str(folder)}) for _ in range(2))
    code = random_hash()
    first.do("protect", code=code)
    first.do("load")
    path = segment(folder)
    data = path.read_bytes()
    path.write_bytes({"short": data[:-100], "other": data[:-100] + b"x" * 100, "nothing": b""}[damage])
    second.do("load")
    assert [second.do("ask", code=each) for each in (code, random_hash())] == ["protected", "no_match"]
    assert path.stat().st_size == len(data)


def test_one_of_an_epoch_that_is_over_is_built_anew(stage: Cast, folder: Path) -> None:
    actor = stage.actor(**{FOLDER: str(folder)})
    code = random_hash()
    made = actor.do("protect", code=code)
    actor.do("load")
    built = segment(folder).stat().st_ino
    assert actor.do("withdraw", photo=made["photo"])
    actor.do("raise_epoch")
    assert actor.do("declare_complete")
    actor.do("load")
    assert segment(folder).stat().st_ino != built
    assert actor.do("ask", code=code) == "no_match"


def test_one_whose_later_changes_are_gone_is_built_anew(world: World, stage: Cast, folder: Path) -> None:
    first, second = (stage.actor(**{FOLDER: str(folder)}) for _ in range(2))
    codes = [random_hash() for _ in range(3)]
    first.do("protect", code=codes[0])
    first.do("load")
    number = first.do("protect", code=codes[1])["number"]
    first.do("protect", code=codes[2])
    world.execute("DELETE FROM matching_change WHERE number = %s", number)
    second.do("load")
    assert [second.do("ask", code=code) for code in codes] == ["protected"] * 3


def test_one_merges_and_the_others_take_it_over_while_they_answer(stage: Cast, folder: Path) -> None:
    merger, other = (stage.actor(**{FOLDER: str(folder)}) for _ in range(2))
    for actor in (merger, other):
        actor.do("merge_early")
        actor.do("load")
    built = segment(folder).stat().st_ino
    made = {code: merger.do("protect", code=code) for code in (random_hash() for _ in range(12))}
    gone, *standing = made
    assert merger.do("current")
    merger.do("tend")
    assert segment(folder).stat().st_ino != built
    assert merger.do("withdraw", photo=made[gone]["photo"])
    assert other.do("current")
    other.do("tend")
    for actor in (merger, other):
        assert actor.do("maps", text=str(segment(folder))) > 0
        assert [actor.do("ask", code=code) for code in standing] == ["protected"] * len(standing)
        assert actor.do("ask", code=gone) == "no_match"


def test_details_are_shared_merged_and_built_anew_as_hashes_are(stage: Cast, folder: Path) -> None:
    merger, other = (stage.actor(**{FOLDER: str(folder)}) for _ in range(2))
    for actor in (merger, other):
        actor.do("merge_early")
        actor.do("load")
    built = segment(folder, "details").stat().st_ino
    made = {random_details().hex(): merger.do("protect", code=random_hash()) for _ in range(3)}
    for packed, photo in made.items():
        assert merger.do("keep_details", protection=photo["protection"], packed=packed)
        assert merger.do("current")
    gone, *_ = made
    merger.do("tend")
    assert segment(folder, "details").stat().st_ino != built
    assert merger.do("withdraw", photo=made[gone]["photo"])
    assert other.do("current")
    other.do("tend")
    path = segment(folder, "details")
    assert [actor.do("maps", text=str(path)) > 0 for actor in (merger, other)] == [True] * 2
    short = path.with_suffix(".short")
    short.write_bytes(path.read_bytes()[:-100])
    short.chmod(0o600)
    short.rename(path)
    late = stage.actor(**{FOLDER: str(folder)})
    late.do("load")
    assert late.do("maps", text=str(path)) > 0
    for actor in (merger, other, late):
        assert [actor.do("ask_details", packed=packed) for packed in made] == ["no_match", "protected", "protected"]


def test_without_memory_to_share_each_process_has_its_own(stage: Cast, tmp_path: Path) -> None:
    if in_memory(tmp_path):
        pytest.skip("temporary files are in memory here")
    actor = stage.actor(**{FOLDER: str(tmp_path)})
    code = random_hash()
    actor.do("protect", code=code)
    actor.do("load")
    assert actor.do("ask", code=code) == "protected"
    assert not list(tmp_path.iterdir())
