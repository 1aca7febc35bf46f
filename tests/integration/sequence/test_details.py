"""Details follow the change sequence: what one process has switched is so in the next answer of every other."""

import pytest

from tests.integration.sequence.hashes import random_details, random_hash
from tests.integration.sequence.processes import Cast

pytestmark = pytest.mark.usefixtures("committed")


def test_details_switched_off_and_on_are_so_in_the_next_answer_of_another_process(cast: Cast) -> None:
    writer, *readers = cast.actors(3)
    code, details = random_hash(), random_details().hex()
    made = writer.do("protect", code=code)["protection"]
    for reader in readers:
        reader.do("load")
    for _ in range(3):
        assert writer.do("keep_details", protection=made, packed=details)
        assert [reader.do("ask_details", packed=details) for reader in readers] == ["protected"] * 2
        assert writer.do("drop_details", protection=made)
        assert [reader.do("ask_details", packed=details) for reader in readers] == ["no_match"] * 2
        assert readers[0].do("ask", code=code) == "protected"  # its hashes stay


def test_details_that_are_replaced_are_those_that_are_found(cast: Cast) -> None:
    writer, reader = cast.actors(2)
    first, second = random_details().hex(), random_details().hex()
    made = writer.do("protect", code=random_hash())["protection"]
    reader.do("load")
    assert writer.do("keep_details", protection=made, packed=first)
    assert writer.do("keep_details", protection=made, packed=second)
    assert [reader.do("ask_details", packed=each) for each in (first, second)] == ["no_match", "protected"]


@pytest.mark.parametrize("how", ["withdraw", "erase"])
def test_the_details_of_a_photo_that_is_gone_are_found_no_more(cast: Cast, how: str) -> None:
    writer, reader = cast.actors(2)
    details = random_details().hex()
    made = writer.do("protect", code=random_hash())
    assert writer.do("keep_details", protection=made["protection"], packed=details)
    reader.do("load")
    assert reader.do("ask_details", packed=details) == "protected"
    assert writer.do(how, photo=made["photo"])
    assert reader.do("ask_details", packed=details) == "no_match"


def test_a_process_that_starts_has_the_details_that_are_kept(cast: Cast) -> None:
    writer, reader = cast.actors(2)
    kept, dropped = random_details().hex(), random_details().hex()
    for details in (kept, dropped):
        made = writer.do("protect", code=random_hash())["protection"]
        assert writer.do("keep_details", protection=made, packed=details)
    assert writer.do("drop_details", protection=made)
    reader.do("load")
    assert [reader.do("ask_details", packed=each) for each in (kept, dropped)] == ["protected", "no_match"]
