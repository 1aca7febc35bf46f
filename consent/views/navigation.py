"""The navigation of someone who is signed in."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

PLACES = (
    ("photos", _("My photos")),
    ("photos-add", _("Add photos")),
    ("account", _("My account")),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Asks neither session nor database: only pages of someone signed in show it."""
    here = request.resolver_match.url_name if request.resolver_match else None
    items = [{"href": reverse(name), "label": label, "current": name == here} for name, label in PLACES]
    return {"navigation": items}
