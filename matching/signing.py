"""Proofs: what a platform may show to prove that it asked, signed with Ed25519 as a JWS (RFC 7515, 8037, 9864).

A proof says which check it was, when, by which API key, at which place of the change sequence, the SHA-256 of the
request's body, the uses asked for and the result. It holds no hash of an image. Keys are never removed, so that a proof
can be verified as long as there is this registry; each is public 30 days before it signs. One that leaked is revoked:
whoever has it can sign what they like, so nothing that it signed is believed any more, and it is no longer public.
"""

import base64
import json
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from matching import keyring, ledger
from matching.keyring import Sealed, UnreadableBlobError
from matching.models import SigningKey

log = structlog.get_logger(__name__)

ALGORITHM: Final = "Ed25519"
TYPE: Final = "veto-proof+jws"
AHEAD: Final = timedelta(days=30)
BOUND_TO: Final = "signing-key"
LOCK: Final = 0x76657470  # "vetp": an advisory lock, so that keys are made one at a time
KEPT_S: Final = 10.0  # how long a process signs with what it has read


class NextKeyExistsError(Exception):
    """A next key is public already and does not sign yet."""


class InvalidProofError(ValueError):
    """Not a proof of ours."""


@dataclass(frozen=True, slots=True)
class Signer:
    key: OKPKey

    def sign(self, claims: dict[str, Any]) -> str:
        header = {"alg": ALGORITHM, "kid": self.key.kid, "typ": TYPE}
        payload = json.dumps(claims, separators=(",", ":"))
        return jws.serialize_compact(header, payload, self.key, algorithms=[ALGORITHM])


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def public_jwk(row: SigningKey) -> dict[str, str | list[str]]:
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": unpadded(bytes(row.public)),
        "kid": row.id.hex,
        "alg": ALGORITHM,
        "use": "sig",
    }


def signer_of(row: SigningKey) -> Signer:
    """Raises UnreadableBlobError."""
    private = keyring.unseal(Sealed(row.key_id, bytes(row.blob)), protection=row.id, profile=BOUND_TO)
    return Signer(OKPKey.import_key({**public_jwk(row), "d": unpadded(private)}))


def make_key(active_from: datetime) -> SigningKey:
    private, id_ = Ed25519PrivateKey.generate(), uuid4()
    sealed = keyring.seal(private.private_bytes_raw(), protection=id_, profile=BOUND_TO)
    return SigningKey.objects.create(
        id=id_,
        public=private.public_key().public_bytes_raw(),
        key_id=sealed.key_id,
        blob=sealed.blob,
        active_from=active_from,
    )


def good() -> QuerySet[SigningKey]:
    return SigningKey.objects.filter(revoked_at=None)


def rotate() -> SigningKey:
    """Make the next key, public from now on; the first signs at once, others in 30 days. Raises NextKeyExistsError."""
    with transaction.atomic():
        take_turn()
        now, present = timezone.now(), signing_now()
        if present is not None and good().filter(active_from__gt=now).exclude(id=present.id).exists():
            raise NextKeyExistsError
        return make_key(now + AHEAD if present else now)


def revoke(kid: UUID) -> SigningKey:
    """Say that a key has leaked; the one that signs from now on. Raises SigningKey.DoesNotExist."""
    with transaction.atomic():
        row = SigningKey.objects.select_for_update().get(id=kid)
        if row.revoked_at is None:
            row.revoked_at = timezone.now()
            row.save(update_fields=["revoked_at"])
            ledger.note(ledger.Kind.SIGNING_KEY_REVOKED, row.id)
            log.warning("signing_key_revoked", kid=row.id.hex)
    ledger.written()
    return in_force()


def revoke_again(kid: UUID) -> bool:
    """After a restore; whether there is such a key."""
    try:
        revoke(kid)
    except SigningKey.DoesNotExist:
        return False
    return True


def take_turn() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def signing_now() -> SigningKey | None:
    """The last whose time has come; where none has (it was revoked), the next one early, which is public already."""
    come = good().filter(active_from__lte=timezone.now()).order_by("-active_from").first()
    return come or good().order_by("active_from").first()


def in_force() -> SigningKey:
    """The key that signs now, made if there is none."""
    if (row := signing_now()) is not None:
        return row
    with transaction.atomic():
        take_turn()
        return signing_now() or make_key(timezone.now())


def jwks() -> list[dict[str, str | list[str]]]:
    """The public keys of proofs: past ones, the present one and the next."""
    in_force()
    return [public_jwk(row) for row in good().order_by("active_from")]


class Signers:
    """What signs in this process. Thread-safe."""

    def __init__(self) -> None:
        self._signer: Signer | None = None
        self._read_at = 0.0
        self._lock = threading.Lock()

    def current(self) -> Signer | None:
        """The last one known while PostgreSQL is away; None where none was known before."""
        with self._lock:
            if self._signer is None or time.monotonic() - self._read_at > KEPT_S:
                try:
                    self._signer = signer_of(in_force())
                except (DatabaseError, InterfaceError, UnreadableBlobError) as error:
                    log.warning("signing_key_not_read", error=type(error).__name__)
                self._read_at = time.monotonic()
            return self._signer


@cache
def signers() -> Signers:
    return Signers()


def verify(proof: str) -> dict[str, Any]:
    """The claims of a proof that this registry signed, by a key that never leaked. Raises InvalidProofError."""
    try:
        header = jws.extract_compact(proof.encode()).headers()
        row = good().get(id=UUID(hex=str(header["kid"])))
        key = OKPKey.import_key(public_jwk(row))
        claims: dict[str, Any] = json.loads(jws.deserialize_compact(proof, key, algorithms=[ALGORITHM]).payload)
    except (JoseError, ValueError, KeyError, SigningKey.DoesNotExist):
        raise InvalidProofError("this is not a proof of this registry") from None
    if header.get("typ") != TYPE:
        raise InvalidProofError("this is not a proof of this registry")
    return claims
