"""The secrets of one home."""

import secrets
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from config.local.postgres import Passwords
from config.rotation import SECRETS, new_django_key, new_fingerprint_key, new_pepper, rotation


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
            django_secret_key=new_django_key([]),
            api_key_pepper=new_pepper([]),
            ref_key=secrets.token_hex(32),
            fingerprint_keys=new_fingerprint_key([]),
        )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        keys = cls(**values)
        if not all(isinstance(value, str) and value for value in asdict(keys).values()):
            raise ValueError("a value is empty or no text")
        return keys

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def rotated(self, secret: str) -> Self:
        """With a new value before those that it had; used by all processes from the next start on."""
        field = SECRETS[secret].variable.lower()
        return replace(self, **{field: rotation(SECRETS[secret], getattr(self, field)).used})

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
