"""A second step and passkeys, where allauth asks how we do it. None of it needs an e-mail address."""

import base64
import os
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import Any, cast

import qrcode
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from qrcode.image.svg import SvgPathImage

from consent.accounts.adapter import WRONG_CODE
from consent.models import Person

PURPOSE = b"veto-second-step/1"
SEALED_FIELDS = ("secret", "seed")  # of a one-time code's and of recovery codes' rows
NONCE_BYTES = 12
SECRET_SHOWN = 4


class UnreadableSecretError(Exception):
    """The key that sealed a second step's secret is not in FINGERPRINT_KEYS, or the secret was changed."""


class MfaAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": WRONG_CODE,
        "add_email_blocked": gettext_lazy("Turn the second step off before you change your address."),
        "unverified_email": gettext_lazy("Verify your new address first, or keep the old one."),
    }

    def get_totp_label(self, user: Any) -> str:
        return name_of(user)

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        entity: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return entity | {"name": name_of(user), "display_name": name_of(user)}

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:  # noqa: A002 (allauth's name)
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("Passkey %(number)d") % {"number": number}

    def build_totp_svg(self, url: str) -> str:
        """Bare paths in the page's own ink: nothing inline that the page's policy would have to allow."""
        buffer = BytesIO()
        qrcode.make(url, image_factory=SvgPathImage, border=2).save(buffer)
        return buffer.getvalue().decode()

    # At rest under the ring that seals fingerprints, bound to this purpose: text is key id, colon, base64.

    def encrypt(self, text: str) -> str:
        key_id, key = next(iter(settings.FINGERPRINT_KEYS.items()))
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), PURPOSE)
        return f"{key_id}:{base64.b64encode(sealed).decode()}"

    def decrypt(self, encrypted_text: str) -> str:
        """Raises UnreadableSecretError."""
        key_id, _colon, encoded = encrypted_text.rpartition(":")
        key = settings.FINGERPRINT_KEYS.get(key_id)
        if key is None:
            raise UnreadableSecretError(f"no key {key_id!r} in FINGERPRINT_KEYS")
        blob = base64.b64decode(encoded)
        try:
            return AESGCM(key).decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], PURPOSE).decode()
        except (InvalidTag, ValueError):
            raise UnreadableSecretError("the secret of a second step does not open") from None


def name_of(user: Any) -> str:
    """What an authenticator shows: enough to tell one's accounts apart, and no more."""
    person = cast("Person", user)
    return person.email or f"…{(person.username or '')[-SECRET_SHOWN:]}"


def sealed_second_steps() -> Iterator[tuple[Authenticator, dict[str, str]]]:
    """Each that holds sealed text, and where."""
    for row in Authenticator.objects.order_by("pk"):
        if sealed := {field: row.data[field] for field in SEALED_FIELDS if field in row.data}:
            yield row, sealed


def second_steps_sealed_by() -> Counter[str]:
    return Counter(text.rpartition(":")[0] for _, sealed in sealed_second_steps() for text in sealed.values())


def reseal_second_steps() -> Iterator[tuple[int, list[str]]]:
    """As `matching.resealing.reseal`."""
    adapter, current = MfaAdapter(), next(iter(settings.FINGERPRINT_KEYS))
    for found, sealed in sealed_second_steps():
        if all(text.startswith(f"{current}:") for text in sealed.values()):
            continue
        try:
            with transaction.atomic():
                row = Authenticator.objects.select_for_update().get(pk=found.pk)
                row.data |= {field: adapter.encrypt(adapter.decrypt(row.data[field])) for field in sealed}
                row.save(update_fields=["data"])
        except UnreadableSecretError as error:
            yield 0, [f"Authenticator {found.pk}: {error}"]
        except Authenticator.DoesNotExist:
            continue  # taken off meanwhile
        else:
            yield 1, []
