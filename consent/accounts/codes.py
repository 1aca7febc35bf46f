"""Case numbers and secrets: random bits in letters and digits that survive paper, telephone and small keyboards.

Crockford's base32 (https://www.crockford.com/base32.html): no I, L, O, U; case, spaces and dashes do not matter, O is
read as 0, I and L as 1. A case number ends in two check characters of a Reed-Solomon code over GF(32): words of up to
31 characters are at least three characters apart, so any one or two wrong characters are seen, and with them any two
that were swapped. Source: MacWilliams, Sloane, The Theory of Error-Correcting Codes, chapter 10.
"""

import re
import secrets
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
VALUES = {character: value for value, character in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
IGNORED = re.compile(r"[\s_.\-\u2010-\u2015\u2212]")

NUMBER_BITS = 128
NUMBER_DATA = 26  # characters of 5 bits
NUMBER_LENGTH = NUMBER_DATA + 2
NUMBER_GROUP = 4
SECRET_LENGTH = 20  # 100 bits: beyond any guessing, even of a stolen digest
SECRET_GROUP = 5


class NotACaseNumberError(ValueError):
    """What was typed is no case number: not its length, or another character."""


class MistypedError(NotACaseNumberError):
    """It looks like a case number, and a character or two are wrong or swapped."""


def times_alpha(value: int) -> int:
    """In GF(32) as polynomials modulo x^5 + x^2 + 1; alpha is x."""
    value <<= 1
    return value ^ 0b100101 if value & 0b100000 else value


def checks(data: list[int]) -> tuple[int, int]:
    """The remainder of data·x² modulo the generator (x − 1)(x − alpha)."""
    first = second = 0
    for value in data:
        factor = value ^ first
        # (x − 1)(x − alpha) = x² + (1 + alpha)x + alpha
        first, second = second ^ factor ^ times_alpha(factor), times_alpha(factor)
    return first, second


def typed(text: str) -> list[int] | None:
    """The values of what someone typed; None where a character is of another alphabet."""
    if len(text) > 4 * NUMBER_LENGTH:
        return None
    kept = IGNORED.sub("", unicodedata.normalize("NFKC", text)).upper()
    values = [VALUES.get(character, -1) for character in kept]
    return None if -1 in values else values


def written(values: list[int]) -> str:
    return "".join(ALPHABET[value] for value in values)


def grouped(text: str, group: int = NUMBER_GROUP) -> str:
    """For the eye: groups with dashes between."""
    return "-".join(text[at : at + group] for at in range(0, len(text), group))


def new_case_number() -> str:
    number = secrets.randbits(NUMBER_BITS)
    data = [number >> 5 * place & 31 for place in reversed(range(NUMBER_DATA))]
    return written([*data, *checks(data)])


def case_number(text: str) -> str:
    """A case number as it is stored, from how someone typed it. Raises NotACaseNumberError, MistypedError."""
    values = typed(text)
    if values is None or len(values) != NUMBER_LENGTH:
        raise NotACaseNumberError
    data = values[:NUMBER_DATA]
    if data[0] >= 1 << NUMBER_BITS - 5 * (NUMBER_DATA - 1) or (values[-2], values[-1]) != checks(data):
        raise MistypedError
    return written(values)


def new_secret() -> str:
    return written([secrets.randbelow(32) for _ in range(SECRET_LENGTH)])


def secret(text: str) -> str:
    """A generated secret as it was made, however it was typed; anything else as it is (one that a person chose)."""
    values = typed(text)
    return written(values) if values is not None and len(values) == SECRET_LENGTH else text
