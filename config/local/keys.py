"""The secrets of one home."""

import base64
import secrets
from dataclasses import asdict, dataclass
from typing import Any, Self

from config.local.postgres import Passwords


@dataclass(frozen=True, repr=False)
class Keys:
    postgres_owner: str
    postgres_app: str
    django_secret_key: str
    api_key_pepper: str
    ref_key: str
    fingerprint_keys: str

    @classmethod
    def new(cls) -> Self:
        passwords = Passwords()
        return cls(
            postgres_owner=passwords.owner,
            postgres_app=passwords.app,
            django_secret_key=secrets.token_urlsafe(48),
            api_key_pepper=secrets.token_hex(32),
            ref_key=secrets.token_hex(32),
            fingerprint_keys=f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        keys = cls(**values)
        if not all(isinstance(value, str) and value for value in asdict(keys).values()):
            raise ValueError("a value is empty or no text")
        return keys

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    @property
    def passwords(self) -> Passwords:
        return Passwords(owner=self.postgres_owner, app=self.postgres_app)

    def environment(self) -> dict[str, str]:
        return {
            "DJANGO_SECRET_KEY": self.django_secret_key,
            "API_KEY_PEPPER": self.api_key_pepper,
            "REF_KEY": self.ref_key,
            "FINGERPRINT_KEYS": self.fingerprint_keys,
        }
