"""Sentences that several forms share."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def waiting(seconds: float) -> str:
    """How long until the next attempt, rounded up so that nobody comes back too early."""
    if seconds <= 60:
        rounded = max(1, round(seconds + 0.5))
        wait = ngettext("%(number)d second", "%(number)d seconds", rounded) % {"number": rounded}
    else:
        rounded = round(seconds / 60 + 0.5)
        wait = ngettext("%(number)d minute", "%(number)d minutes", rounded) % {"number": rounded}
    return _("Too many attempts went wrong. You can try again in %(wait)s. Nothing else has changed.") % {"wait": wait}
