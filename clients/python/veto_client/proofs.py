"""Proofs: what the registry signed of an answer, as evidence that it was asked.

JWS (RFC 7515) with Ed25519 (RFC 8037, named as in RFC 9864).
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt import PyJWS, PyJWTError
from jwt.algorithms import OKPAlgorithm

from veto_client.answers import Answer
from veto_client.errors import ProofError

ALGORITHM: Final = "Ed25519"
TYPE: Final = "veto-proof+jws"

_JWS: Final = PyJWS()
_JWS.register_algorithm(ALGORITHM, OKPAlgorithm())


@dataclass(frozen=True, slots=True)
class Claims:
    """What the registry vouches for. `generation` of `epoch` is the last change that it took into account."""

    id: str
    at: datetime
    key: str
    epoch: int
    generation: int
    uses: tuple[str, ...]
    result: str
    livemode: bool


def is_known(answer: Answer, jwks: Mapping[str, Any]) -> bool:
    """Whether the key that the answer's proof names is one of these. True of what is no proof: no other key helps."""
    try:
        kid = _JWS.get_unverified_header(answer.proof or "").get("kid")
    except (PyJWTError, RecursionError):
        return True
    return any(each["kid"] == kid for each in _keys(jwks))


def _keys(jwks: Mapping[str, Any]) -> list[dict[str, Any]]:
    keys = jwks.get("keys")
    return [each for each in keys if isinstance(each, dict) and "kid" in each] if isinstance(keys, list) else []


def verified(answer: Answer, jwks: Mapping[str, Any]) -> Claims:
    """The claims of the answer's proof. Raises ProofError unless one of these keys signed it, and of this request."""
    if answer.proof is None:
        raise ProofError("The answer holds no proof; ask for one with Veto(proof=True).")
    try:
        header = _JWS.get_unverified_header(answer.proof)
        [key] = [OKPAlgorithm.from_jwk(each) for each in _keys(jwks) if each["kid"] == header["kid"]]
        if not isinstance(key, Ed25519PublicKey):
            raise ProofError("The proof's key is not one of Ed25519.")
        said = json.loads(_JWS.decode(answer.proof, key, algorithms=[ALGORITHM]))
        at = datetime.fromtimestamp(said["iat"], UTC)
        place = said["epoch"], said["generation"]
        claims = Claims(said["id"], at, said["key"], *place, tuple(said["uses"]), said["result"], said["livemode"])
        request = said["request_sha256"]
    except (
        PyJWTError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        ArithmeticError,
        OSError,
        RecursionError,
    ) as error:
        raise ProofError(f"The proof is not of this registry: {type(error).__name__}.") from None
    digest = base64.urlsafe_b64encode(hashlib.sha256(answer.request).digest()).decode().rstrip("=")
    if (header.get("typ"), request, claims.id) != (TYPE, digest, answer.id):
        raise ProofError("The proof is of another request.")
    return claims
