"""A case number and its secret on their way to paper, without the server keeping the secret anywhere.

They are made, shown in the answer to a POST, and forgotten: nothing is saved. What comes back with the confirmation is
the secret itself and a seal over both, made with Django's key, so that nobody puts in a secret of their own making.
Only then is there an account, with the secret's Argon2 digest. So a page that is loaded again shows another pair and
leaves nothing behind, and a confirmation sent twice finds the account that the first one opened.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.utils.crypto import constant_time_compare

from consent.accounts import codes

LASTS = timedelta(hours=1)


class StaleSheetError(Exception):
    """The sheet is too old, was not made here, or was made for something else."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """`number` and `secret` as they are stored; `purpose` says what confirming it does, and to whom."""

    number: str
    secret: str
    purpose: str

    @property
    def number_shown(self) -> str:
        return codes.grouped(self.number)

    @property
    def secret_shown(self) -> str:
        return codes.grouped(self.secret, codes.SECRET_GROUP)

    @property
    def last_group(self) -> str:
        return self.secret[-codes.SECRET_GROUP :]

    @property
    def seal(self) -> str:
        return signing.dumps([self.number, self._digest()], salt=self._salt())

    def is_last_group(self, text: str) -> bool:
        values = codes.typed(text)
        # Whoever types more of it has kept it all the better.
        return values is not None and len(values) >= codes.SECRET_GROUP and self.secret.endswith(codes.written(values))

    def _salt(self) -> str:
        return f"consent.accounts.sheet:{self.purpose}"

    def _digest(self) -> str:
        """Needs no key: the seal around it has one, and the secret has 100 bits."""
        return hashlib.sha256(f"{self.number}:{self.secret}".encode()).hexdigest()


def new_case() -> Sheet:
    return Sheet(codes.new_case_number(), codes.new_secret(), "open")


def new_secret_for(number: str) -> Sheet:
    return Sheet(number, codes.new_secret(), f"secret:{number}")


def returned(seal: str, secret: str, purpose: str) -> Sheet:
    """The sheet that was shown. Raises StaleSheetError."""
    try:
        number, digest = signing.loads(seal, salt=f"consent.accounts.sheet:{purpose}", max_age=LASTS)
        sheet = Sheet(str(number), secret, purpose)
        if constant_time_compare(sheet._digest(), digest):  # noqa: SLF001 (its own module)
            return sheet
    except (signing.BadSignature, ValueError, TypeError):
        pass
    raise StaleSheetError
