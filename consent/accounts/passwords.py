"""Passwords that anybody would try here first."""

import re
import unicodedata
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# Of this service, its pages in both languages and its log-in; the longest first, as some hold others.
OWN_WORDS: Final = (
    "consentement", "motdepasse", "passphrase", "screenshot", "connexion", "protected", "registre", "registry",
    "password", "bonjour", "compte", "consent", "dossier", "protect", "account", "number", "secret", "photo", "image",
    "login", "refus", "case", "face", "veto",
)  # fmt: skip
LEAST_BESIDE: Final = 8  # letters and digits
LOOK_ALIKE: Final = str.maketrans("013457@$!", "oieastasi")


class OwnWordsValidator:
    """Refuses what is made of these words and little else, however it is spelt."""

    def validate(self, password: str, user: Any = None) -> None:
        decomposed = unicodedata.normalize("NFKD", password).casefold()
        for text in (decomposed, decomposed.translate(LOOK_ALIKE)):
            whole = rest = re.sub(r"[^a-z0-9]", "", text)
            for word in OWN_WORDS:
                rest = rest.replace(word, "")
            if rest != whole and len(rest) < LEAST_BESIDE:
                raise ValidationError(_("This is made of words that anybody would try here first."), code="own_words")

    def get_help_text(self) -> str:
        return ""
