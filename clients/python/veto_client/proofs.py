"""Proofs: what the registry signed of an answer, as evidence that it was asked.

JWS (RFC 7515) with Ed25519 (RFC 8037).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

from veto_client.answers import Answer
from veto_client.errors import ProofError


@dataclass(frozen=True, slots=True)
class Claims:
    """What the registry vouches for. `generation` of `epoch` is the last change that it took into account."""

    id: str
    at: datetime
    key_id: str
    epoch: int
    generation: int
    result: str


def verified(answer: Answer, jwks: Mapping[str, Any]) -> Claims:
    """The claims of the answer's proof. Raises ProofError unless one of these keys signed it, and of this request."""
    if answer.proof is None:
        raise ProofError("The answer holds no proof; ask for one with Veto(proof=True).")
    try:
        kid = jwt.get_unverified_header(answer.proof)["kid"]
        [key] = [jwt.PyJWK(each) for each in jwks["keys"] if each["kid"] == kid]
        said = jwt.decode(answer.proof, key, algorithms=["EdDSA"])
        claims = Claims(
            said["id"],
            datetime.fromtimestamp(said["iat"], UTC),
            said["key"],
            said["epoch"],
            said["generation"],
            said["result"],
        )
        request = said["request"]
    except (jwt.PyJWTError, KeyError, ValueError, TypeError) as error:
        raise ProofError(f"The proof is not of this registry: {type(error).__name__}.") from None
    if request != hashlib.sha256(answer.request).hexdigest() or claims.id != answer.id:
        raise ProofError("The proof is of another request.")
    return claims
