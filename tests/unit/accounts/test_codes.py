"""Case numbers: what a slip of the pen or of the eye does to them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.accounts import codes


def number_of(bits: int) -> str:
    data = [bits >> 5 * place & 31 for place in reversed(range(26))]
    return codes.written([*data, *codes.checks(data)])


numbers = st.integers(0, 2**128 - 1).map(number_of)
places = st.integers(0, 27)


def test_a_new_one_is_good_and_like_no_other() -> None:
    made = {codes.new_case_number() for _ in range(1000)}
    assert len(made) == 1000
    assert all(codes.case_number(number) == number and len(number) == 28 for number in made)


@given(numbers)
def test_it_may_be_typed_as_people_type(number: str) -> None:
    for typed in (
        number.lower(),
        codes.grouped(number),
        codes.grouped(number).replace("-", " "),
        codes.grouped(number).replace("-", " \u2013 "),
        number.replace("0", "O").replace("1", "I"),
        number.replace("0", "o").replace("1", "l"),
        "".join(chr(ord(character) + 0xFEE0) for character in number),  # full-width, as some keyboards write
    ):
        assert codes.case_number(typed) == number


@given(numbers, places, st.sampled_from(codes.ALPHABET))
def test_any_one_wrong_character_is_seen(number: str, place: int, other: str) -> None:
    wrong = number[:place] + other + number[place + 1 :]
    if wrong != number:
        with pytest.raises(codes.MistypedError):
            codes.case_number(wrong)


@given(numbers, places, places)
def test_any_two_swapped_are_seen_neighbours_or_not(number: str, one: int, other: int) -> None:
    swapped = list(number)
    swapped[one], swapped[other] = swapped[other], swapped[one]
    wrong = "".join(swapped)
    if wrong != number:
        with pytest.raises(codes.MistypedError):
            codes.case_number(wrong)


@given(numbers, places, places, st.sampled_from(codes.ALPHABET), st.sampled_from(codes.ALPHABET))
def test_any_two_wrong_characters_are_seen(number: str, one: int, other: int, first: str, second: str) -> None:
    changed = list(number)
    changed[one], changed[other] = first, second
    wrong = "".join(changed)
    if wrong != number:
        with pytest.raises(codes.MistypedError):
            codes.case_number(wrong)


@given(numbers, places)
def test_a_character_too_few_or_too_many_is_no_number(number: str, place: int) -> None:
    for wrong in (number[:place] + number[place + 1 :], number[:place] + "A" + number[place:]):
        with pytest.raises(codes.NotACaseNumberError):
            codes.case_number(wrong)


@given(st.text())
def test_anything_else_is_no_number(text: str) -> None:
    with contextlib.suppress(codes.NotACaseNumberError):
        assert codes.case_number(codes.case_number(text)) == codes.case_number(text)


@pytest.mark.parametrize("text", ["", "operator", "OPERATOR", "anna@example.org", "U" * 28, "Z" * 28, "🫠" * 10_000])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(codes.NotACaseNumberError):
        codes.case_number(text)


def test_the_first_character_has_three_bits() -> None:
    data = [8, *[0] * 25]
    with pytest.raises(codes.MistypedError):
        codes.case_number(codes.written([*data, *codes.checks(data)]))


def test_a_secret_has_a_hundred_bits_and_is_read_forgivingly() -> None:
    made = {codes.new_secret() for _ in range(1000)}
    assert len(made) == 1000
    for secret in made:
        assert codes.secret(codes.grouped(secret, 5).lower().replace("0", "o")) == secret


@given(st.text(max_size=200))
def test_a_password_that_someone_chose_is_taken_to_the_letter_or_is_one_of_ours(text: str) -> None:
    read = codes.secret(text)
    assert read == text or len(read) == codes.SECRET_LENGTH
    assert codes.secret(read) == read
