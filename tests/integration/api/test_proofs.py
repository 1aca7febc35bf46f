"""Proofs: a platform can show that it asked, to anyone who has the registry's public keys and no code of ours."""

import base64
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.management import CommandError

from tests.integration.api.test_check import protected
from tests.integration.sequence.hashes import random_hash
from tests.integration.web import Web, command

pytestmark = pytest.mark.usefixtures("committed")


def unpad(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def opened(web: Web, proof: str) -> dict[str, Any]:
    """The claims, verified by cryptography alone. Raises InvalidSignature."""
    header, payload, signature = proof.split(".")
    said = json.loads(unpad(header))
    assert (said["alg"], said["typ"]) == ("Ed25519", "veto-proof+jws")
    [key] = [each for each in web.ask("GET", "/.well-known/jwks.json").json["keys"] if each["kid"] == said["kid"]]
    Ed25519PublicKey.from_public_bytes(unpad(key["x"])).verify(unpad(signature), f"{header}.{payload}".encode())
    claims: dict[str, Any] = json.loads(unpad(payload))
    return claims


def test_a_proof_is_verified_without_us_and_says_what_was_asked_and_answered(web: Web, key: str, photo: Path) -> None:
    protected(photo)
    image = photo.read_bytes()
    answer = web.ask("POST", "/v1/check/image?uses=edit", image, key, Prefer="respond-async, Proof").json
    claims = opened(web, answer["proof"])
    assert abs(claims.pop("iat") - time.time()) < 60
    assert claims == {
        "id": answer["id"],
        "key": key.split("_")[2],
        "livemode": True,
        "epoch": answer["index"]["epoch"],
        "generation": answer["index"]["generation"],
        "request_sha256": base64.urlsafe_b64encode(hashlib.sha256(image).digest()).decode().rstrip("="),
        "uses": ["edit"],
        "result": "protected",
    }
    for item in answer["hashes"]:
        assert item["hash"] not in json.dumps(claims)
    changed = answer["proof"][:-3] + ("AAA" if answer["proof"][-3:] != "AAA" else "BBB")
    with pytest.raises(InvalidSignature):
        opened(web, changed)


def test_a_proof_is_given_to_whoever_asks_for_one(web: Web, key: str) -> None:
    body = {"profile": "pdq", "hashes": [{"hash": random_hash()}]}
    assert "proof" not in web.check(body, key).json
    one = web.ask("POST", "/v1/check", body, key, Prefer="proof").json
    digest = hashlib.sha256(json.dumps(body).encode()).digest()
    assert unpad(opened(web, one["proof"])["request_sha256"]) == digest
    batch = web.ask("POST", "/v1/check/batch", {"items": [body, body]}, key, Prefer="proof").json["items"]
    assert [opened(web, each["answer"]["proof"])["id"] for each in batch] == [each["answer"]["id"] for each in batch]


def test_the_next_key_is_public_thirty_days_before_it_signs(web: Web, key: str) -> None:
    from matching import signing
    from matching.models import SigningKey

    before = web.ask("GET", "/.well-known/jwks.json")
    assert "max-age" in before.headers["cache-control"]
    [made] = command("rotate_signing_key", "--json")
    row = SigningKey.objects.get(id=made["kid"])
    assert (row.active_from - row.created_at).days >= 29
    assert made["kid"] in {each["kid"] for each in web.ask("GET", "/.well-known/jwks.json").json["keys"]}
    body = {"profile": "pdq", "hashes": [{"hash": random_hash()}]}
    proof = web.ask("POST", "/v1/check", body, key, Prefer="proof").json["proof"]
    assert json.loads(unpad(proof.split(".")[0]))["kid"] != made["kid"]
    with pytest.raises(CommandError, match="signs from"):
        command("rotate_signing_key")
    private = signing.signer_of(row).key.as_dict(private=True)["d"]
    assert unpad(private) not in bytes(row.blob)  # sealed by the key ring
