from collections.abc import Iterator

import pytest

from matching.hashing.decoder import Decoder
from matching.hashing.warming import limit_libraries
from tests.unit.hashing.decoders import PHOTO


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(processes=2)
    yield decoder
    decoder.close()


@pytest.fixture
def own_decoder() -> Iterator[Decoder]:
    """For tests that harm it. One image at a time, so that it is known who waits for whom."""
    decoder = Decoder(processes=1)
    decoder.fingerprints(PHOTO)
    yield decoder
    decoder.close()


@pytest.fixture(scope="session", autouse=True)
def as_in_the_decoder_process() -> None:
    limit_libraries()
