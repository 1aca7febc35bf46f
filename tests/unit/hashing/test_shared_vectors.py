"""The server's side of the test vectors; tests/browser/test_hashing.py is the other."""

import json

import pytest

from tests import vectors

VECTORS = json.loads(vectors.FILE.read_text())
CASES = dict(vectors.cases())


def test_every_case_has_its_vector() -> None:
    assert CASES.keys() == VECTORS.keys()


@pytest.mark.parametrize("name", CASES)
def test_the_server_makes_the_hashes_of_the_vectors(name: str) -> None:
    assert vectors.expected(CASES[name]) == VECTORS[name]
