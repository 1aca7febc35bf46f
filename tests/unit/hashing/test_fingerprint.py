import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.hashing.fingerprint import Fingerprint, Hash
from matching.hashing.profile import ORIENTATIONS, VETO_1

hashes = st.builds(
    Hash,
    view=st.sampled_from([view.name for view in VETO_1.views]),
    algorithm=st.sampled_from(["pdq", "dhash"]),
    bits=st.binary(min_size=32, max_size=32),
    quality=st.integers(0, 100),
    orientation=st.sampled_from(ORIENTATIONS),
    frame=st.integers(0, 255),
    texture=st.one_of(st.just(b""), st.binary(min_size=32, max_size=32).filter(any)),
)
fingerprints = st.builds(
    Fingerprint,
    profile=st.just("veto-1"),
    hashes=st.lists(hashes, max_size=20).map(tuple),
    quality=st.integers(0, 100),
)
SAMPLE = Fingerprint(
    "veto-1",
    (Hash("full", "pdq", bytes(range(32)), 91, texture=b"\xa5" * 32), Hash("full", "dhash", b"\xff" * 32, 91)),
    93,
)


@given(fingerprints)
def test_a_packed_fingerprint_unpacks_to_itself(fingerprint: Fingerprint) -> None:
    packed = fingerprint.to_bytes()
    assert Fingerprint.from_bytes(packed) == fingerprint
    assert len(packed) == 5 + 69 * len(fingerprint.hashes)


def test_the_packed_form_is_the_one_that_is_kept_in_databases() -> None:
    assert SAMPLE.to_bytes().hex() == (
        "02015d0002" + "010100005b" + bytes(range(32)).hex() + "a5" * 32 + "010200005b" + "ff" * 32 + "00" * 32
    )


@given(st.binary(max_size=120))
def test_whatever_unpacks_packs_to_the_same_bytes_and_the_rest_is_refused(data: bytes) -> None:
    try:
        fingerprint = Fingerprint.from_bytes(data)
    except ValueError:
        return
    assert fingerprint.to_bytes() == data


@given(st.data())
def test_a_changed_byte_never_gives_anything_but_a_fingerprint_or_a_value_error(data: st.DataObject) -> None:
    packed = bytearray(SAMPLE.to_bytes())
    place = data.draw(st.integers(0, len(packed) - 1))
    packed[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        Fingerprint.from_bytes(bytes(packed))


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "5 bytes"),
        (b"\x01" + SAMPLE.to_bytes()[1:], "version 1"),
        (b"\x02\x63" + SAMPLE.to_bytes()[2:], "unknown profile"),
        (SAMPLE.to_bytes()[:-1], "do not hold 2"),
        (SAMPLE.to_bytes() + b"\x00", "do not hold 2"),
        (b"\x02\x01\x65\x00\x00", "above 100"),
        (b"\x02\x01\x10\x00\x01" + b"\xfa\x01\x00\x00\x10" + bytes(64), "no view"),
        (b"\x02\x01\x10\x00\x01" + b"\x01\x09\x00\x00\x10" + bytes(64), "unknown algorithm"),
        (b"\x02\x01\x10\x00\x01" + b"\x01\x01\x08\x00\x10" + bytes(64), "unknown algorithm"),
    ],
)
def test_malformed_bytes_are_refused_with_the_reason(data: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Fingerprint.from_bytes(data)


@pytest.mark.parametrize(
    "wrong",
    [
        Fingerprint("veto-9", (), 0),
        Fingerprint("veto-1", (), 300),
        Fingerprint("veto-1", (Hash("sideways", "pdq", bytes(32), 50),), 50),
        Fingerprint("veto-1", (Hash("full", "sha256", bytes(32), 50),), 50),
        Fingerprint("veto-1", (Hash("full", "pdq", bytes(31), 50),), 50),
        Fingerprint("veto-1", (Hash("full", "pdq", bytes(32), 50, texture=bytes(31)),), 50),
        Fingerprint("veto-1", (Hash("full", "pdq", bytes(32), 50, "upside"),), 50),
        Fingerprint("veto-1", (Hash("full", "pdq", bytes(32), 50, frame=256),), 50),
    ],
)
def test_what_has_no_place_in_the_packed_form_is_refused(wrong: Fingerprint) -> None:
    with pytest.raises(ValueError):
        wrong.to_bytes()
