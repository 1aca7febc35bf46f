"""E-mail addresses in the one spelling that mail is sent to, so that a mailbox is one account and no other's."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

LONGEST = 254  # RFC 5321, errata 1690
TWO_WAYS = set("ßς\u200c\u200d")  # which IDNA 2003 and 2008 spell otherwise (UTS 46, deviations): two hosts

INCOMPLETE = _("This e-mail address is not complete, for example anna@example.org.")


def address(typed: str) -> str:
    """In lower case, the domain as the net spells it (IDNA). Raises ValidationError.

    Other letters before the @ are refused: there are some that only look, or are only made small, like ours. So is a
    host by number, to which mail goes past all names.
    """
    local, _at, domain = typed.strip().rpartition("@")
    try:
        spelt = f"{local}@{domain.encode('idna').decode()}".lower()
    except UnicodeError:
        raise ValidationError(INCOMPLETE) from None
    if not local.isascii():
        raise ValidationError(_("Write your address as it reads without accents: letters from a to z."))
    if len(spelt) > LONGEST or domain.startswith("[") or TWO_WAYS & set(domain):
        raise ValidationError(INCOMPLETE)
    try:
        validate_email(spelt)
    except ValidationError:
        raise ValidationError(INCOMPLETE) from None
    return spelt


class AddressField(forms.CharField):
    widget = forms.EmailInput

    def to_python(self, value: Any) -> str:
        typed = super().to_python(value)
        return address(typed) if typed else ""
