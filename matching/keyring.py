"""Fingerprints at rest: AES-256-GCM under a ring of keys. Their ids stand beside the blobs, they themselves elsewhere.

A blob is nonce (12 bytes) || ciphertext || tag (16 bytes). It is bound to its protection and profile, so that a blob
moved to another row does not open. Source: NIST SP 800-38D; random nonces hold for 2^32 blobs a key.
"""

import os
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE_BYTES = 12


class UnreadableBlobError(Exception):
    """The blob's key is not in the ring, or the blob is not what was sealed."""


@dataclass(frozen=True, slots=True)
class Sealed:
    key_id: str
    blob: bytes


def bound_to(protection: UUID, profile: str) -> bytes:
    return protection.bytes + profile.encode()


def seal(data: bytes, *, protection: UUID, profile: str) -> Sealed:
    """Encrypt with the ring's current key."""
    key_id, key = next(iter(settings.FINGERPRINT_KEYS.items()))
    nonce = os.urandom(NONCE_BYTES)
    return Sealed(key_id, nonce + AESGCM(key).encrypt(nonce, data, bound_to(protection, profile)))


def unseal(sealed: Sealed, *, protection: UUID, profile: str) -> bytes:
    """Raises UnreadableBlobError, which names the key id and the protection, never the content."""
    key = settings.FINGERPRINT_KEYS.get(sealed.key_id)
    if key is None:
        raise UnreadableBlobError(f"no key {sealed.key_id!r} in FINGERPRINT_KEYS for protection {protection}")
    nonce, ciphertext = sealed.blob[:NONCE_BYTES], sealed.blob[NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, bound_to(protection, profile))
    except (InvalidTag, ValueError):  # ValueError: not even long enough for a nonce
        raise UnreadableBlobError(f"the fingerprint of protection {protection} does not open") from None
