"""What was issued before a secret changed: still good after it, and nothing is left under the old one."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.test import Client
from django.utils import timezone

from config.rotation import SECRETS, rotation
from matching import keys, signing
from matching.models import ApiKey, SigningKey
from matching.signing import InvalidProofError, Signers
from tests.integration.sequence.processes import until
from tests.integration.web import Web, command, new_key, serving


@pytest.mark.usefixtures("committed")
def test_a_key_of_before_enters_under_a_new_pepper_and_is_then_stored_under_it(
    web: Web, tmp_path: Path, settings: Any
) -> None:
    issued, idle = new_key("Old"), new_key("Idle")
    mine = ApiKey.objects.filter(kid=keys.parse(issued).kid)
    before = bytes(mine.get().digest)
    made = rotation(SECRETS["pepper"], os.environ["API_KEY_PEPPER"])
    with serving(tmp_path / "web.log", API_KEY_PEPPER=made.used) as rotated:
        assert rotated.ask("GET", "/v1/me", None, issued).status == 200
        until(lambda: bytes(mine.get().digest) != before)
        assert rotated.ask("GET", "/v1/me", None, issued).status == 200
    settings.API_KEY_PEPPERS = [bytes.fromhex(made.used.partition(",")[0])]
    assert keys.parse(issued).opens(bytes(mine.get().digest))
    lost = {key.kid for key in keys.of_older_peppers(timezone.now())}
    assert keys.parse(issued).kid not in lost
    assert keys.parse(idle).kid in lost  # and so the operator knows whom to ask


@pytest.fixture
def fresh(db: None) -> Iterator[Signers]:
    """What signs in a process that has just started; what these tests do to the keys is rolled back."""
    yield Signers()


def public() -> set[str]:
    return {each["kid"] for each in Client().get("/.well-known/jwks.json").json()["keys"]}


def kid_of(signers: Signers) -> str:
    signer = signers.current()
    assert signer
    return str(signer.key.kid)


def test_a_proof_is_verified_after_the_next_key_has_taken_over(fresh: Signers) -> None:
    signer = fresh.current()
    assert signer
    proof = signer.sign({"id": "chk_1"})
    SigningKey.objects.filter(active_from__gt=timezone.now()).update(revoked_at=timezone.now())
    signing.make_key(timezone.now())
    assert kid_of(Signers()) != signer.key.kid
    assert signing.verify(proof) == {"id": "chk_1"}
    assert signer.key.kid in public()


def test_what_a_leaked_key_signed_is_believed_no_more_and_the_next_one_signs_early(fresh: Signers) -> None:
    signer = fresh.current()
    assert signer
    proof, leaked = signer.sign({"id": "chk_1"}), str(signer.key.kid)
    SigningKey.objects.exclude(id=leaked).update(revoked_at=timezone.now())
    coming = signing.make_key(timezone.now() + timedelta(days=20))
    [said] = command("revoke_signing_key", leaked, "--json")
    assert said == {"kid": leaked, "state": "revoked", "signs_now": coming.id.hex}
    assert kid_of(Signers()) == coming.id.hex
    assert public() == {coming.id.hex}
    with pytest.raises(InvalidProofError):
        signing.verify(proof)
    signing.rotate()  # the one after it
    assert len(public()) == 2


def test_where_every_key_leaked_a_new_one_signs_at_once(fresh: Signers) -> None:
    leaked = kid_of(fresh)
    SigningKey.objects.exclude(id=leaked).update(revoked_at=timezone.now())
    [said] = command("revoke_signing_key", leaked, "--json")
    assert said["signs_now"] == kid_of(Signers()) != leaked
    for unknown in ("0" * 32, "x"):
        with pytest.raises(CommandError, match="no signing key has this kid"):
            command("revoke_signing_key", unknown)


@pytest.mark.parametrize("name", SECRETS)
def test_a_new_value_is_first_understood_everywhere_and_then_used(name: str) -> None:
    [said] = command("rotate_secret", name, "--json")
    present = os.environ[said["variable"]]
    assert said["first"].startswith(f"{present},")
    assert said["then"].endswith(f",{present}")
    assert sorted(said["first"].split(",")) == sorted(said["then"].split(","))
